import type { JWTVerifyGetKey } from 'jose';
import { isObject } from '../../../protocol/json.ts';
import { OAuthError } from './oauth-error.ts';

/** How a provider of identities is reached, from its discovery document. */
export interface Provider {
  readonly issuer: string;
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly userinfoEndpoint: string | undefined;
  /** The public keys that its id tokens are signed with; undefined when it tells of none. */
  readonly keys: JWTVerifyGetKey | undefined;
  /** The algorithms that its id tokens are signed with. */
  readonly algorithms: readonly string[];
}

const LIFETIME_MS = 60 * 60 * 1_000;
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1024 * 1024;
const MAX_PROVIDERS = 32;

/** The providers that an app uses, each asked for its discovery document once an hour. */
export class Providers {
  readonly #known = new Map<string, { provider: Provider; until: number }>();

  /** @throws {OAuthError} when the document cannot be fetched or is none. */
  async get(discoveryEndpoint: string, now: number): Promise<Provider> {
    const known = this.#known.get(discoveryEndpoint);
    if (known && now < known.until) return known.provider;
    const provider = await discover(discoveryEndpoint);
    if (this.#known.size >= MAX_PROVIDERS) this.#known.clear();
    this.#known.set(discoveryEndpoint, { provider, until: now + LIFETIME_MS });
    return provider;
  }
}

/** What a provider answered: its status, and the JSON object it sent, if it is one. */
export interface ProviderAnswer {
  readonly ok: boolean;
  readonly body: Record<string, unknown>;
}

/**
 * Asks a provider for JSON.
 *
 * @throws {OAuthError} `failure` when it cannot be reached, or sends anything but a JSON object of reasonable size.
 */
export async function askProvider(
  url: string,
  request: RequestInit,
  failure: string,
): Promise<ProviderAnswer> {
  try {
    if (!/^https?:\/\//i.test(url)) throw new Error('Expected the address of a website');
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = JSON.parse(await limitedText(response));
    if (!isObject(body)) throw new Error('Expected a JSON object');
    return { ok: response.ok, body };
  } catch (cause) {
    throw new OAuthError(failure, undefined, { cause });
  }
}

async function discover(endpoint: string): Promise<Provider> {
  const failure = 'Unable to fetch OAuth configuration.';
  const { ok, body } = await askProvider(endpoint, {}, failure);
  const issuer = textAt(body, 'issuer');
  if (!ok || issuer === undefined) throw new OAuthError(failure);
  const jwksUri = textAt(body, 'jwks_uri');
  return {
    issuer,
    authorizationEndpoint: textAt(body, 'authorization_endpoint'),
    tokenEndpoint: textAt(body, 'token_endpoint'),
    userinfoEndpoint: textAt(body, 'userinfo_endpoint'),
    keys: jwksUri === undefined ? undefined : await keysAt(jwksUri, failure),
    algorithms: algorithmsOf(body.id_token_signing_alg_values_supported),
  };
}

async function keysAt(jwksUri: string, failure: string): Promise<JWTVerifyGetKey> {
  if (!/^https?:\/\//i.test(jwksUri) || !URL.canParse(jwksUri)) throw new OAuthError(failure);
  // Loaded when the first provider is asked: most backends never see one.
  const { createRemoteJWKSet, errors } = await import('jose');
  const keyFor = createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: TIMEOUT_MS });
  return async (header, token) => {
    try {
      return await keyFor(header, token);
    } catch (cause) {
      if (cause instanceof errors.JOSEError && !(cause instanceof errors.JWKSTimeout)) throw cause;
      throw new OAuthError('Unable to fetch the keys of the OAuth provider.', undefined, { cause });
    }
  };
}

// Only algorithms with a public key: a shared secret would be no proof of who signed, nor is "none".
function algorithmsOf(value: unknown): string[] {
  const named = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  const asymmetric = named.filter((name) => /^(?:RS|PS|ES)\d{3}$|^EdDSA$|^Ed25519$/.test(name));
  return asymmetric.length > 0 ? asymmetric : ['RS256'];
}

function textAt(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`Expected at most ${MAX_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
