import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** The claims of an id token; undefined ones are left out. */
export type FakeClaims = Record<string, unknown>;

/** An identity provider that speaks OpenID Connect and confirms any identity a test sets. For tests. */
export interface FakeProvider {
  readonly issuer: string;
  readonly discoveryEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The claims of the next user to sign in. */
  nextUser: FakeClaims;
  /** How many times the discovery document was requested. */
  discoveries: number;
  /** The last request to the token endpoint. */
  lastTokenRequest: URLSearchParams | undefined;
  /** Signs an id token for this client, valid for an hour, unless the claims say otherwise. */
  sign(claims: FakeClaims): Promise<string>;
  /** Acts as a person in a browser: signs in, and returns what the browser brings back. */
  authorize(location: string): Promise<{ redirectUri: string; fields: URLSearchParams }>;
  close(): Promise<void>;
}

/** Starts a provider that issues tokens at the time that `now` returns. */
export async function startFakeProvider(now: () => number): Promise<FakeProvider> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'first', alg: 'RS256', use: 'sig' };
  const codes = new Map<string, { claims: FakeClaims; redirectUri: string }>();
  const server = createServer((request, response) => {
    serve(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const json = (body: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    switch (new URL(request.url ?? '/', issuer).pathname) {
      case '/.well-known/openid-configuration':
        provider.discoveries++;
        json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          userinfo_endpoint: `${issuer}/userinfo`,
          jwks_uri: `${issuer}/keys`,
          id_token_signing_alg_values_supported: ['RS256'],
        });
        return;
      case '/keys':
        json({ keys: [jwk] });
        return;
      case '/token': {
        const form = new URLSearchParams(await textOf(request));
        provider.lastTokenRequest = form;
        const known = codes.get(form.get('code') ?? '');
        codes.delete(form.get('code') ?? '');
        if (!known || form.get('redirect_uri') !== known.redirectUri) {
          json({ error: 'invalid_grant', error_description: 'The code is not good.' }, 400);
        } else if (form.get('client_secret') !== provider.clientSecret) {
          json({ error: 'invalid_client', error_description: 'The secret is not good.' }, 401);
        } else json({ id_token: await provider.sign(known.claims), access_token: 'x', token_type: 'Bearer' });
        return;
      }
      default:
        json({ error: 'not_found' }, 404);
    }
  };

  const provider: FakeProvider = {
    issuer,
    discoveryEndpoint: `${issuer}/.well-known/openid-configuration`,
    clientId: 'client-of-the-app',
    clientSecret: 'secret-of-the-app',
    nextUser: {},
    discoveries: 0,
    lastTokenRequest: undefined,
    sign(claims) {
      const seconds = Math.floor(now() / 1_000);
      const all = { iss: issuer, aud: provider.clientId, iat: seconds, exp: seconds + 3_600, ...claims };
      return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(privateKey);
    },
    async authorize(location) {
      const { origin, pathname, searchParams } = new URL(location);
      if (origin !== issuer || pathname !== '/authorize') throw new Error(`Sent to ${location}`);
      if (searchParams.get('client_id') !== provider.clientId) throw new Error('Unknown client');
      const redirectUri = searchParams.get('redirect_uri') ?? '';
      const code = crypto.randomUUID();
      codes.set(code, { claims: provider.nextUser, redirectUri });
      return { redirectUri, fields: new URLSearchParams({ code, state: searchParams.get('state') ?? '' }) };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
