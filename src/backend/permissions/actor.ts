import type { JsonValue } from '../../protocol/json.ts';

/** A user of an app, as rules and clients see them: the values of the `$users` entity by label. */
export interface AuthUser {
  readonly id: string;
  readonly email?: string | null;
  readonly [label: string]: JsonValue | undefined;
}

/** On whose behalf something is done: who asks, and from where. */
export interface Actor {
  /** Whether permission rules do not apply. */
  readonly admin: boolean;
  /** The signed-in user, or null for a visitor. */
  readonly user: AuthUser | null;
  /** The address of the peer, where it is known. */
  readonly ip: string | null;
  /** The `Origin` the peer's browser gave, where there is one. */
  readonly origin: string | null;
}

/** A text that is equal for two actors when rules cannot tell them apart, as long as none reads `request`. */
export function actorKey({ admin, user }: Actor): string {
  if (admin) return 'admin';
  return user ? `user ${user.id}` : 'visitor';
}

/** The holder of the admin token, impersonating nobody. */
export const ADMIN: Actor = { admin: true, user: null, ip: null, origin: null };

/** A visitor of whom nothing is known. */
export const VISITOR: Actor = { admin: false, user: null, ip: null, origin: null };
