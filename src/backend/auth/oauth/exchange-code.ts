import { ServerError } from '../../../protocol/error.ts';
import type { OAuthClient } from './clients.ts';
import { type Claims, identityOf, verifyIdToken } from './id-token.ts';
import type { Identity } from './identity.ts';
import { OAuthError } from './oauth-error.ts';
import { askProvider, type Provider } from './provider.ts';

/** An authorization code from a provider, to be exchanged for an identity. */
export interface ProviderCode {
  readonly client: OAuthClient;
  readonly provider: Provider;
  readonly code: string;
  /** Where the provider redirected the browser back to. */
  readonly redirectTo: string;
  /** In epoch milliseconds. */
  readonly now: number;
}

/**
 * Asks the provider who signed in there.
 *
 * @throws {OAuthError} when it does not say, or the user has no verified email.
 */
export async function exchangeProviderCode(request: ProviderCode): Promise<Identity & { email: string }> {
  const claims = await claimsOf(request, await askForTokens(request));
  const { email, ...identity } = identityOf(claims);
  if (email === undefined) throw new OAuthError('Missing user info');
  return { ...identity, email };
}

async function askForTokens({ client, provider, code, redirectTo }: ProviderCode): Promise<Tokens> {
  const failure = 'Error exchanging code for token.';
  if (provider.tokenEndpoint === undefined || client.clientId === undefined) throw new OAuthError(failure);
  const form = new URLSearchParams({
    client_id: client.clientId,
    ...(client.clientSecret !== undefined && { client_secret: client.clientSecret }),
    code,
    grant_type: 'authorization_code',
    redirect_uri: redirectTo,
  });
  const { ok, body } = await askProvider(provider.egress, {
    url: provider.tokenEndpoint,
    failure,
    method: 'POST',
    body: form.toString(),
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    },
  });
  if (!ok) throw new OAuthError(textOf(body.error_description) ?? failure);
  return { idToken: textOf(body.id_token), accessToken: textOf(body.access_token) };
}

interface Tokens {
  readonly idToken: string | undefined;
  readonly accessToken: string | undefined;
}

type AnyClaims = Readonly<Record<string, unknown>> & { readonly sub: string };

async function claimsOf(request: ProviderCode, tokens: Tokens): Promise<Claims | AnyClaims> {
  const { provider, client, now } = request;
  if (tokens.idToken !== undefined) {
    try {
      return await verifyIdToken({ client, provider, idToken: tokens.idToken, now });
    } catch (cause) {
      if (cause instanceof ServerError) throw new OAuthError(cause.message, undefined, { cause });
      throw cause;
    }
  }
  const failure = 'Invalid token exchanging code for token.';
  if (tokens.accessToken === undefined || !provider.userinfoEndpoint) throw new OAuthError(failure);
  const headers = { authorization: `Bearer ${tokens.accessToken}` };
  const { ok, body } = await askProvider(provider.egress, {
    url: provider.userinfoEndpoint,
    failure,
    headers,
  });
  const sub = textOf(body.sub);
  if (!ok || sub === undefined) throw new OAuthError(failure);
  return { ...body, sub };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
