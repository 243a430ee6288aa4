import type { JsonValue } from '../../protocol/json.ts';

/** A user of an app, as rules and clients see them: the values of the `$users` entity by label. */
export interface AuthUser {
  readonly id: string;
  readonly email?: string | null;
  readonly [label: string]: JsonValue | undefined;
}

/** Who acts, and from where. */
export interface Actor {
  /** Whether permission rules do not apply. */
  readonly admin: boolean;
  /** The signed-in user, or null for a visitor. */
  readonly user: AuthUser | null;
  /** The peer's IP address, if known. */
  readonly ip: string | null;
  /** The `Origin` sent by the peer's browser, if any. */
  readonly origin: string | null;
}

/** A key that is equal for two actors if rules cannot tell them apart, provided that no rule reads `request`. */
export function actorKey({ admin, user }: Actor): string {
  if (admin) return 'admin';
  return user ? `user ${user.id}` : 'visitor';
}

/** The holder of the admin token, not impersonating anyone. */
export const ADMIN: Actor = { admin: true, user: null, ip: null, origin: null };

/** A visitor about whom nothing is known. */
export const VISITOR: Actor = { admin: false, user: null, ip: null, origin: null };
