import {
  findRecord,
  stepsToPut,
  stepsToSweep,
  stepToDelete,
  textOf,
  write,
} from '../../app/system-records.ts';
import { hashUuid, isSameSecret } from '../../permissions/hash-text.ts';
import type { AuthApp } from '../auth-app.ts';
import { OAuthError } from './oauth-error.ts';
import type { CodeChallenge } from './pkce.ts';

const ETYPE = '$oauthRedirects';
const LIFETIME_MS = 10 * 60 * 1_000;

/** A sign-in whose browser is at the provider. */
export interface OAuthRedirect extends CodeChallenge {
  readonly oauthClientId: string;
  /** Where in the app to redirect in the end. */
  readonly redirectUrl: string;
  /** Where the provider redirects the browser back to. */
  readonly redirectTo: string;
}

/** What the browser carries meanwhile: one secret in the URL, one in a cookie. Only their hashes are stored. */
export interface RedirectSecrets {
  readonly state: string;
  readonly cookie: string;
}

/** Records a sign-in before the browser leaves. */
export function createRedirect(app: AuthApp, redirect: OAuthRedirect): RedirectSecrets {
  const secrets = { state: app.host.newId(), cookie: app.host.newId() };
  const steps = stepsToPut(app, ETYPE, app.host.newId(), {
    stateHash: hashUuid(secrets.state),
    cookieHash: hashUuid(secrets.cookie),
    redirectUrl: redirect.redirectUrl,
    redirectTo: redirect.redirectTo,
    codeChallenge: redirect.challenge,
    codeChallengeMethod: redirect.method,
    $oauthClient: redirect.oauthClientId,
  });
  // Anyone can start a sign-in, so unfinished ones must not pile up.
  write(app, [...stepsToSweep(app, ETYPE, app.host.now() - 2 * LIFETIME_MS), ...steps]);
  return secrets;
}

/**
 * Consumes the sign-in whose browser has come back. It can come back once, within ten minutes, in the same browser.
 *
 * @throws {OAuthError} when it cannot.
 */
export function consumeRedirect(app: AuthApp, { state, cookie }: RedirectSecrets): OAuthRedirect {
  const record = findRecord(app, ETYPE, 'stateHash', hashUuid(state));
  if (!record) throw new OAuthError('Could not find OAuth request.');
  write(app, [stepToDelete(ETYPE, record.id)]);
  if (app.host.now() > record.createdAt + LIFETIME_MS) throw new OAuthError('The request is expired.');
  if (!isSameSecret(textOf(record, 'cookieHash') ?? '', hashUuid(cookie))) {
    throw new OAuthError('Mismatch in OAuth request cookie.');
  }
  return {
    oauthClientId: textOf(record, '$oauthClient') ?? '',
    redirectUrl: textOf(record, 'redirectUrl') ?? '',
    redirectTo: textOf(record, 'redirectTo') ?? '',
    challenge: textOf(record, 'codeChallenge'),
    method: textOf(record, 'codeChallengeMethod'),
  };
}
