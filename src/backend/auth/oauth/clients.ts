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

/** How an app is known to a provider of identities. */
export interface OAuthClient {
  readonly id: string;
  readonly name: string;
  readonly providerId: string;
  /** The id that the provider gave the app, which its id tokens are meant for. */
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly discoveryEndpoint: string;
  /** Where the provider sends browsers back to, when it is not this server's own callback. */
  readonly redirectTo: string | undefined;
  readonly meta: JsonObject;
}

/** What may be said of a client. What is undefined is left as it is, null takes away. */
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

/** The id of the provider with a name. It is made if there is none. */
export function ensureOAuthProvider(app: AuthApp, name: string): string {
  const known = findRecord(app, PROVIDERS, 'name', name);
  if (known) return known.id;
  const id = app.host.newId();
  write(app, stepsToPut(app, PROVIDERS, id, { name }));
  return id;
}

/** Creates a client, or changes the one with this id. Its secret is stored sealed. */
export function putOAuthClient(app: AuthApp, id: string, fields: OAuthClientFields): void {
  const { clientSecret, providerId, ...values } = fields;
  const encryptedClientSecret = typeof clientSecret === 'string' ? seal(app, id, clientSecret) : clientSecret;
  write(app, stepsToPut(app, CLIENTS, id, { ...values, encryptedClientSecret, $oauthProvider: providerId }));
}

/**
 * The client with a name.
 *
 * @throws {ServerError} `record-not-found` when there is none.
 * @throws {OAuthError} when there is one that this backend cannot use.
 */
export function getOAuthClient(app: AuthApp, name: string): OAuthClient {
  const record = findRecord(app, CLIENTS, 'name', name);
  if (!record) {
    throw recordNotFound('app-oauth-client', { 'app-id': app.identity.id, 'client-name': name });
  }
  return asClient(app, record);
}

/**
 * The client with an id, if it is still there.
 *
 * @throws {OAuthError} when it is there and this backend cannot use it.
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
