import type { JWTVerifyGetKey } from 'jose';
import type { Egress, OutgoingMessage } from '../../../drivers/egress/index.ts';
import { isObject } from '../../../protocol/json.ts';
import { OAuthError } from './oauth-error.ts';
import { GuardedProviderError } from './provider-egress.ts';

/** An identity provider, as its discovery document describes it. */
export interface Provider {
  readonly issuer: string;
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly userinfoEndpoint: string | undefined;
  /** The public keys for its id tokens; undefined when it names none. */
  readonly keys: JWTVerifyGetKey | undefined;
  /** The signature algorithms of its id tokens. */
  readonly algorithms: readonly string[];
  /** Makes the requests to its endpoints. */
  readonly egress: Egress;
}

const LIFETIME_MS = 60 * 60 * 1_000;
const MAX_PROVIDERS = 32;

/** The providers that an app uses. Each one's discovery document is cached for an hour. */
export class Providers {
  readonly #known = new Map<string, { provider: Provider; until: number }>();
  readonly #egress: Egress;

  /** `egress` makes the requests to all of them. */
  constructor(egress: Egress) {
    this.#egress = egress;
  }

  /** @throws {OAuthError} when the document cannot be fetched or is not valid. */
  async get(discoveryEndpoint: string, now: number): Promise<Provider> {
    const known = this.#known.get(discoveryEndpoint);
    if (known && now < known.until) return known.provider;
    const provider = await discover(this.#egress, discoveryEndpoint);
    if (this.#known.size >= MAX_PROVIDERS) this.#known.clear();
    this.#known.set(discoveryEndpoint, { provider, until: now + LIFETIME_MS });
    return provider;
  }
}

/** A provider's answer: whether it succeeded, and its JSON object. */
export interface ProviderAnswer {
  readonly ok: boolean;
  readonly body: Record<string, unknown>;
}

/** A request to a provider. */
export interface ProviderQuestion extends OutgoingMessage {
  readonly url: string;
  /** The error message when there is no usable answer. */
  readonly failure: string;
}

/**
 * Asks a provider for JSON.
 *
 * @throws {OAuthError} `failure` when it cannot be reached, or sends anything but a JSON object of reasonable size.
 */
export async function askProvider(
  egress: Egress,
  { url, failure, ...message }: ProviderQuestion,
): Promise<ProviderAnswer> {
  try {
    const { status, text } = await egress(url, message);
    const body: unknown = JSON.parse(text);
    if (!isObject(body)) throw new Error('Expected a JSON object');
    return { ok: status >= 200 && status < 300, body };
  } catch (cause) {
    throw unreached(failure, cause);
  }
}

/** The error for a provider that did not answer. */
function unreached(failure: string, cause: unknown): OAuthError {
  const message = cause instanceof GuardedProviderError ? `${failure} ${cause.message}` : failure;
  return new OAuthError(message, undefined, { cause });
}

async function discover(egress: Egress, endpoint: string): Promise<Provider> {
  const failure = 'Unable to fetch OAuth configuration.';
  const { ok, body } = await askProvider(egress, { url: endpoint, failure });
  const issuer = textAt(body, 'issuer');
  if (!ok || issuer === undefined) throw new OAuthError(failure);
  const jwksUri = textAt(body, 'jwks_uri');
  return {
    issuer,
    authorizationEndpoint: textAt(body, 'authorization_endpoint'),
    tokenEndpoint: textAt(body, 'token_endpoint'),
    userinfoEndpoint: textAt(body, 'userinfo_endpoint'),
    keys: jwksUri === undefined ? undefined : await keysAt(egress, jwksUri, failure),
    algorithms: algorithmsOf(body.id_token_signing_alg_values_supported),
    egress,
  };
}

async function keysAt(egress: Egress, jwksUri: string, failure: string): Promise<JWTVerifyGetKey> {
  if (!/^https?:\/\//i.test(jwksUri) || !URL.canParse(jwksUri)) throw new OAuthError(failure);
  // Loaded on first use: most backends never contact a provider.
  const { createRemoteJWKSet, customFetch, errors } = await import('jose');
  const keyFor = createRemoteJWKSet(new URL(jwksUri), {
    [customFetch]: async (address: string) => {
      const { status, text } = await egress(address);
      if (status !== 200) throw new Error(`Expected the keys, got status ${status}`);
      return new Response(text);
    },
  });
  return async (header, token) => {
    try {
      return await keyFor(header, token);
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw cause;
      throw unreached('Unable to fetch the keys of the OAuth provider.', cause);
    }
  };
}

// Asymmetric algorithms only: neither a shared secret nor "none" proves who signed.
function algorithmsOf(value: unknown): string[] {
  const named = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  const asymmetric = named.filter((name) => /^(?:RS|PS|ES)\d{3}$|^EdDSA$|^Ed25519$/.test(name));
  return asymmetric.length > 0 ? asymmetric : ['RS256'];
}

function textAt(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
