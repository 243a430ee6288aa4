import { recordExpired, recordNotFound } from '../../../protocol/error.ts';
import { isObject } from '../../../protocol/json.ts';
import {
  findRecord,
  stepsToPut,
  stepsToSweep,
  stepToDelete,
  textOf,
  write,
} from '../../app/system-records.ts';
import { hashUuid } from '../../permissions/hash-text.ts';
import type { AuthApp } from '../auth-app.ts';
import type { Identity } from './identity.ts';
import { type CodeChallenge, verifyPkce } from './pkce.ts';

const ETYPE = '$oauthCodes';
const LIFETIME_MS = 5 * 60 * 1_000;

/** An identity confirmed by a provider that is about to sign in. */
export interface VouchedFor {
  readonly oauthClientId: string;
  readonly identity: Identity;
}

/** Creates a code that the app exchanges for a token. Only its hash is stored. */
export function createOAuthCode(
  app: AuthApp,
  { oauthClientId, identity }: VouchedFor,
  pkce: CodeChallenge,
): string {
  const code = app.host.newId();
  const { sub, email, imageURL } = identity;
  const steps = stepsToPut(app, ETYPE, app.host.newId(), {
    codeHash: hashUuid(code),
    codeChallenge: pkce.challenge,
    codeChallengeMethod: pkce.method,
    $oauthClient: oauthClientId,
    userInfo: { sub, email, imageURL },
  });
  write(app, [...stepsToSweep(app, ETYPE, app.host.now() - 2 * LIFETIME_MS), ...steps]);
  return code;
}

/**
 * Consumes a code, whether it is accepted or not.
 *
 * @throws {ServerError} `record-not-found` or `record-expired` for the code, `validation-failed` for the verifier.
 */
export function consumeOAuthCode(app: AuthApp, code: string, verifier: string | undefined): VouchedFor {
  const args = { 'app-id': app.identity.id, code };
  const record = findRecord(app, ETYPE, 'codeHash', hashUuid(code));
  if (!record) throw recordNotFound('app-oauth-code', args);
  write(app, [stepToDelete(ETYPE, record.id)]);
  if (app.host.now() > record.createdAt + LIFETIME_MS) throw recordExpired('app-oauth-code', args);
  verifyPkce(
    { challenge: textOf(record, 'codeChallenge'), method: textOf(record, 'codeChallengeMethod') },
    verifier,
  );
  return {
    oauthClientId: textOf(record, '$oauthClient') ?? '',
    identity: asIdentity(record.values.userInfo),
  };
}

function asIdentity(userInfo: unknown): Identity {
  const { sub, email, imageURL } = isObject(userInfo) ? userInfo : {};
  return {
    sub: String(sub),
    email: typeof email === 'string' ? email : undefined,
    imageURL: typeof imageURL === 'string' ? imageURL : undefined,
  };
}
