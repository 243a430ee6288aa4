import { recordNotFound } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { findRecord, recordsWith, stepsToPut, stepToDelete, textOf, write } from '../app/system-records.ts';
import type { AuthUser } from '../permissions/actor.ts';
import { hashUuid } from '../permissions/hash-text.ts';
import type { AuthApp } from './auth-app.ts';
import { findUser } from './users.ts';

const ETYPE = '$userRefreshTokens';

/** A new token, with the steps that store its hash. */
export interface MintedToken {
  readonly token: string;
  readonly steps: JsonValue[];
}

/** Creates a token that signs a user in until it is removed. */
export function createRefreshToken(app: AuthApp, userId: string): string {
  const { token, steps } = mintToken(app, userId);
  write(app, steps);
  return token;
}

/** Creates a token that becomes valid once its steps have been written. */
export function mintToken(app: AuthApp, userId: string): MintedToken {
  const token = app.host.newId();
  const values = { hashedToken: hashUuid(token), $user: userId };
  return { token, steps: stepsToPut(app, ETYPE, app.host.newId(), values) };
}

/** The user a token signs in; undefined when it is not a valid token of this app. */
export function userForToken(app: AuthApp, token: unknown): AuthUser | undefined {
  const record = recordOf(app, token);
  const userId = record && textOf(record, '$user');
  return userId === undefined ? undefined : findUser(app, { id: userId });
}

/** @throws {ServerError} `record-not-found` when the token is not valid, which makes clients forget it. */
export function getUserForToken(app: AuthApp, token: unknown): AuthUser {
  const user = userForToken(app, token);
  if (user) return user;
  throw recordNotFound('app-user', { 'app-id': app.identity.id, 'refresh-token': token });
}

/** Removes a token, if it exists; works even while the app may not be written. */
export function removeToken(app: AuthApp, token: string): void {
  const record = recordOf(app, token);
  if (record) write(app, [stepToDelete(ETYPE, record.id)], { inAnyStatus: true });
}

/** Removes all tokens of a user; works even while the app may not be written. */
export function removeTokens(app: AuthApp, userId: string): void {
  const steps = recordsWith(app, ETYPE, '$user', userId).map(({ id }) => stepToDelete(ETYPE, id));
  write(app, steps, { inAnyStatus: true });
}

// The lookup compares hashes, so its timing reveals nothing about the token.
function recordOf(app: AuthApp, token: unknown): ReturnType<typeof findRecord> {
  return isUuid(token) ? findRecord(app, ETYPE, 'hashedToken', hashUuid(token)) : undefined;
}
