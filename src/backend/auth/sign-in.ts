import type { JsonValue } from '../../protocol/json.ts';
import { write } from '../app/system-records.ts';
import type { Actor, AuthUser } from '../permissions/actor.ts';
import type { AuthApp } from './auth-app.ts';
import { type CodeApp, countMagicCodeTry, stepsToUseCode } from './magic-codes.ts';
import { getUserForToken, mintToken } from './refresh-tokens.ts';
import { assertMaySignUp } from './signup.ts';
import { type ExtraFields, findUser, getUser, isGuest, stepsToPutUser } from './users.ts';

/** What every way to sign in takes. */
export interface SignInContext {
  /** Who asks; an admin is not asked for permission. */
  readonly actor: Actor;
  /** Fields for the user, in case that one is created. */
  readonly extraFields?: ExtraFields | undefined;
}

/** Somebody who signed in. */
export interface SignedIn {
  readonly user: AuthUser;
  readonly token: string;
  /** Whether there was no such user before: a guest that became a user counts. */
  readonly created: boolean;
}

/**
 * The guest who is about to say who they are. The token of somebody else than a guest is of no account.
 *
 * @throws {ServerError} `record-not-found` when the token signs nobody in.
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
 * Signs in with a code that was sent to an email. Where a guest does so, the guest becomes the user, or is linked to
 * the one who is there. All of it happens or nothing: a code is not used up by a sign-up that fails.
 *
 * @throws {ServerError} `record-not-found`, `record-expired` or `rate-limited` for the code; what a refused sign-up gives.
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

/** The steps that link a guest to the user who they turned out to be. */
export function stepsToLinkGuest(app: AuthApp, guest: AuthUser | undefined, primary: AuthUser): JsonValue[] {
  if (!guest || guest.id === primary.id) return [];
  return stepsToPutUser(app, { id: guest.id, linkedPrimaryUser: primary.id });
}

/**
 * Writes the steps of a sign-in as one transaction, with a new token. A token that the user has `current`ly is kept.
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
