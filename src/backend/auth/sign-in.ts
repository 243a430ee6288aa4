import type { JsonValue } from '../../protocol/json.ts';
import { write } from '../app/system-records.ts';
import type { Actor, AuthUser } from '../permissions/actor.ts';
import type { AuthApp } from './auth-app.ts';
import { type CodeApp, countMagicCodeTry, stepsToUseCode } from './magic-codes.ts';
import { getUserForToken, mintToken } from './refresh-tokens.ts';
import { assertMaySignUp } from './signup.ts';
import { type ExtraFields, findUser, getUser, isGuest, stepsToPutUser } from './users.ts';

/** What every kind of sign-in takes. */
export interface SignInContext {
  /** The actor asking; an admin needs no permission. */
  readonly actor: Actor;
  /** Fields for the user, if one is created. */
  readonly extraFields?: ExtraFields | undefined;
}

/** The result of a sign-in. */
export interface SignedIn {
  readonly user: AuthUser;
  readonly token: string;
  /** Whether the user is new, which includes a guest who became a user. */
  readonly created: boolean;
}

/**
 * The guest who is about to identify themselves. A token of a user who is not a guest is ignored.
 *
 * @throws {ServerError} `record-not-found` when the token is not valid.
 */
export function guestForToken(app: AuthApp, token: string | undefined): AuthUser | undefined {
  const user = token === undefined ? undefined : getUserForToken(app, token);
  return user && isGuest(user) ? user : undefined;
}

/** Signs in as a new guest. */
export function signInAsGuest(app: AuthApp, { actor, extraFields }: SignInContext): SignedIn {
  const guest = { id: app.host.newId(), type: 'guest', extraFields } as const;
  assertMaySignUp(app, guest, actor);
  return { ...commitSignIn(app, guest.id, stepsToPutUser(app, guest)), created: true };
}

/**
 * Signs in with a code that was sent to an email. A guest who does so becomes the user, or is linked to the existing
 * one. It is atomic: a sign-up that fails does not consume the code.
 *
 * @throws {ServerError} `record-not-found`, `record-expired` or `rate-limited` for the code; the errors of a refused
 * sign-up.
 */
export function signInWithMagicCode(
  { app, codes }: CodeApp,
  credentials: { email: string; code: string; guest?: AuthUser | undefined },
  { actor, extraFields }: SignInContext,
): SignedIn {
  const { email, code, guest } = credentials;
  countMagicCodeTry({ app, codes }, email);
  const existing = findUser(app, { email });
  const user = { id: guest?.id ?? app.host.newId(), email, type: 'user', extraFields } as const;
  if (!existing) assertMaySignUp(app, user, actor);
  const used = stepsToUseCode(app, email, code);
  const steps = existing ? stepsToLinkGuest(app, guest, existing) : stepsToPutUser(app, user);
  const signedIn = commitSignIn(app, existing?.id ?? user.id, [...used, ...steps]);
  codes.noteUsed(email, code);
  return { ...signedIn, created: existing === undefined };
}

/** The steps that link a guest to the existing user they identified as. */
export function stepsToLinkGuest(app: AuthApp, guest: AuthUser | undefined, primary: AuthUser): JsonValue[] {
  if (!guest || guest.id === primary.id) return [];
  return stepsToPutUser(app, { id: guest.id, linkedPrimaryUser: primary.id });
}

/**
 * Writes the steps of a sign-in and a new token as one transaction. If `current` is a token of the same user, it is
 * kept instead.
 */
export function commitSignIn(
  app: AuthApp,
  userId: string,
  steps: JsonValue[],
  current?: { readonly token: string; readonly userId: string },
): Omit<SignedIn, 'created'> {
  const kept = current?.userId === userId ? { token: current.token, steps: [] } : undefined;
  const minted = kept ?? mintToken(app, userId);
  write(app, [...steps, ...minted.steps]);
  return { user: getUser(app, { id: userId }), token: minted.token };
}
