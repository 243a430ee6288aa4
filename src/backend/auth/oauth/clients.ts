import { recordNotFound } from '../../../protocol/error.ts';
import { isObject, type JsonObject } from '../../../protocol/json.ts';
import {
  findRecord,
  readRecord,
  type SystemRecord,
  stepsToPut,
  textOf,
  write,
} from '../../app/system-records.ts';
import type { AuthApp } from '../auth-app.ts';
import { OAuthError } from './oauth-error.ts';
import { seal, unseal } from './seal-secret.ts';

const CLIENTS = '$oauthClients';
const PROVIDERS = '$oauthProviders';

/** An app's registration with an identity provider. */
export interface OAuthClient {
  readonly id: string;
  readonly name: string;
  readonly providerId: string;
  /** The id that the provider gave the app: the audience of its id tokens. */
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly discoveryEndpoint: string;
  /** Where the provider redirects browsers back to, unless it is this server's own callback. */
  readonly redirectTo: string | undefined;
  readonly meta: JsonObject;
}

/** The writable fields of a client. Undefined leaves a field as it is, null removes it. */
export interface OAuthClientFields {
  readonly name?: string | undefined;
  readonly providerId?: string | undefined;
  readonly clientId?: string | null | undefined;
  readonly clientSecret?: string | null | undefined;
  readonly discoveryEndpoint?: string | null | undefined;
  readonly redirectTo?: string | null | undefined;
  readonly meta?: JsonObject | null | undefined;
  readonly useSharedCredentials?: boolean | undefined;
}

/** The id of the provider with a name, which is created if missing. */
export function ensureOAuthProvider(app: AuthApp, name: string): string {
  const known = findRecord(app, PROVIDERS, 'name', name);
  if (known) return known.id;
  const id = app.host.newId();
  write(app, stepsToPut(app, PROVIDERS, id, { name }));
  return id;
}

/** Creates a client, or changes the one with this id. Its secret is stored encrypted. */
export function putOAuthClient(app: AuthApp, id: string, fields: OAuthClientFields): void {
  const { clientSecret, providerId, ...values } = fields;
  const encryptedClientSecret = typeof clientSecret === 'string' ? seal(app, id, clientSecret) : clientSecret;
  write(app, stepsToPut(app, CLIENTS, id, { ...values, encryptedClientSecret, $oauthProvider: providerId }));
}

/**
 * The client with a name.
 *
 * @throws {ServerError} `record-not-found` when there is none.
 * @throws {OAuthError} when this backend cannot use it.
 */
export function getOAuthClient(app: AuthApp, name: string): OAuthClient {
  const record = findRecord(app, CLIENTS, 'name', name);
  if (!record) {
    throw recordNotFound('app-oauth-client', { 'app-id': app.identity.id, 'client-name': name });
  }
  return asClient(app, record);
}

/**
 * The client with an id, if it still exists.
 *
 * @throws {OAuthError} when it exists but this backend cannot use it.
 */
export function findOAuthClient(app: AuthApp, id: string | undefined): OAuthClient | undefined {
  const record = id === undefined ? undefined : readRecord(app, CLIENTS, id);
  return record && asClient(app, record);
}

function asClient(app: AuthApp, record: SystemRecord): OAuthClient {
  const { id, values } = record;
  const providerId = textOf(record, '$oauthProvider');
  if (providerId === undefined) throw new OAuthError('The OAuth client has no provider.');
  const discoveryEndpoint = textOf(record, 'discoveryEndpoint');
  if (discoveryEndpoint === undefined) throw unusable('a discoveryEndpoint is needed');
  if (values.useSharedCredentials === true) throw unusable('it has no shared credentials');
  return {
    id,
    name: textOf(record, 'name') ?? '',
    providerId,
    clientId: textOf(record, 'clientId'),
    clientSecret: secretOf(app, record),
    discoveryEndpoint,
    redirectTo: textOf(record, 'redirectTo'),
    meta: isObject(values.meta) ? (values.meta as JsonObject) : {},
  };
}

function secretOf(app: AuthApp, record: SystemRecord): string | undefined {
  const sealed = textOf(record, 'encryptedClientSecret');
  if (sealed === undefined) return undefined;
  const secret = unseal(app, record.id, sealed);
  if (secret === undefined) throw unusable('its secret was not stored by this app');
  return secret;
}

function unusable(why: string): OAuthError {
  return new OAuthError(`The OAuth client cannot be used on a local backend: ${why}.`);
}
