import { findRecord, type SystemRecord, stepsToPut, textOf } from '../../app/system-records.ts';
import type { AuthUser } from '../../permissions/actor.ts';
import type { AuthApp } from '../auth-app.ts';
import { commitSignIn, type SignedIn, type SignInContext, stepsToLinkGuest } from '../sign-in.ts';
import { assertMaySignUp } from '../signup.ts';
import { findUser, stepsToPutUser } from '../users.ts';

/** Who somebody is, as a provider says. */
export interface Identity {
  /** The provider's own name for them, which never changes. */
  readonly sub: string;
  /** Absent when it was not verified to be theirs. */
  readonly email?: string | undefined;
  readonly imageURL?: string | undefined;
}

/** A sign-in as somebody whom a provider vouches for. */
export interface IdentitySignIn extends SignInContext {
  readonly providerId: string;
  readonly identity: Identity;
  /** A guest who is about to become somebody. */
  readonly guest?: AuthUser | undefined;
  /** A token that is kept when it is this user's already. */
  readonly current?: { readonly token: string; readonly userId: string } | undefined;
}

const LINKS = '$oauthUserLinks';

/**
 * Signs in as the user who is linked to an identity or has its email, or else as a new one; links them where they are
 * not yet. Where two users qualify it is the one with the email, and the link moves to them.
 *
 * @throws {ServerError} what a refused sign-up gives.
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
