import { findRecord, type SystemRecord, stepsToPut, textOf } from '../../app/system-records.ts';
import type { AuthUser } from '../../permissions/actor.ts';
import type { AuthApp } from '../auth-app.ts';
import { commitSignIn, type SignedIn, type SignInContext, stepsToLinkGuest } from '../sign-in.ts';
import { assertMaySignUp } from '../signup.ts';
import { findUser, stepsToPutUser } from '../users.ts';

/** A user's identity at a provider. */
export interface Identity {
  /** The provider's id for the user, which never changes. */
  readonly sub: string;
  /** Absent unless it is verified to be theirs, or the client accepts unverified ones. */
  readonly email?: string | undefined;
  readonly imageURL?: string | undefined;
}

/** A sign-in with an identity that a provider has confirmed. */
export interface IdentitySignIn extends SignInContext {
  readonly providerId: string;
  readonly identity: Identity;
  /** A guest who is about to identify themselves. */
  readonly guest?: AuthUser | undefined;
  /** A token to keep if it is already this user's. */
  readonly current?: { readonly token: string; readonly userId: string } | undefined;
}

const LINKS = '$oauthUserLinks';

/**
 * Signs in the user who has the identity's email or is linked to it, or else a new one, and links them if necessary. If
 * two users qualify, the one with the email wins, and the link moves to them.
 *
 * @throws {ServerError} the errors of a refused sign-up.
 */
export function signInWithIdentity(app: AuthApp, request: IdentitySignIn): SignedIn {
  const { identity, providerId, guest, current, actor, extraFields } = request;
  const { email, imageURL } = identity;
  const link = findRecord(app, LINKS, 'sub+$oauthProvider', linkKey(identity, providerId));
  const existing = (email === undefined ? undefined : findUser(app, { email })) ?? linkedUser(app, link);
  const id = existing?.id ?? guest?.id ?? app.host.newId();
  if (!existing) assertMaySignUp(app, { id, email, type: 'user', extraFields }, actor);
  const steps = existing
    ? [...stepsToPutUser(app, { id, email, imageURL }), ...stepsToLinkGuest(app, guest, existing)]
    : stepsToPutUser(app, { id, email, imageURL, type: 'user', extraFields });
  const all = [...steps, ...stepsToLink(app, link, id, request)];
  return { ...commitSignIn(app, id, all, current), created: existing === undefined };
}

function linkKey({ sub }: Identity, providerId: string): string {
  return `${sub}+${providerId}`;
}

function linkedUser(app: AuthApp, link: SystemRecord | undefined): AuthUser | undefined {
  const id = link && textOf(link, '$user');
  return id === undefined ? undefined : findUser(app, { id });
}

function stepsToLink(
  app: AuthApp,
  link: SystemRecord | undefined,
  userId: string,
  { identity, providerId }: IdentitySignIn,
): ReturnType<typeof stepsToPut> {
  if (link && textOf(link, '$user') === userId) return [];
  return stepsToPut(app, LINKS, link?.id ?? app.host.newId(), {
    sub: identity.sub,
    $user: userId,
    $oauthProvider: providerId,
    'sub+$oauthProvider': linkKey(identity, providerId),
  });
}
