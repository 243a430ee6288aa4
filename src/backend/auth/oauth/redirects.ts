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

/** A sign-in that has left for a provider. */
export interface OAuthRedirect extends CodeChallenge {
  readonly oauthClientId: string;
  /** Where in the app it leads to in the end. */
  readonly redirectUrl: string;
  /** Where the provider sends the browser back to. */
  readonly redirectTo: string;
}

/** What the browser carries while it is away: one in the address, one in a cookie. Only hashes of them are stored. */
export interface RedirectSecrets {
  readonly state: string;
  readonly cookie: string;
}

/** Notes a sign-in that is about to leave. */
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
  // Anybody can begin a sign-in: those that were left unfinished must not pile up.
  write(app, [...stepsToSweep(app, ETYPE, app.host.now() - 2 * LIFETIME_MS), ...steps]);
  return secrets;
}

/**
 * The sign-in that has come back. It can come back once, within ten minutes, in the browser that left.
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
