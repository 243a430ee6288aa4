import type { JWTPayload } from 'jose';
import { type ServerError, validationFailed } from '../../../protocol/error.ts';
import { hashText, isSameSecret } from '../../permissions/hash-text.ts';
import { asEmail } from '../users.ts';
import type { OAuthClient } from './clients.ts';
import type { Identity } from './identity.ts';
import type { Provider } from './provider.ts';

// Apple issues tokens under either name, whatever its discovery document says.
const APPLE = ['https://appleid.apple.com', 'https://account.apple.com'];
const GOOGLE = 'https://accounts.google.com';

/** An id token, and what to verify it against. */
export interface IdTokenCheck {
  readonly client: OAuthClient;
  readonly provider: Provider;
  readonly idToken: string;
  /** In epoch milliseconds. */
  readonly now: number;
}

/**
 * Verifies the signature, issuer, audience and times of an id token, and returns its claims. A client without a
 * `clientId` accepts tokens issued for any audience.
 *
 * @throws {ServerError} `validation-failed` that says what is wrong with it.
 */
export async function verifyIdToken({ client, provider, idToken, now }: IdTokenCheck): Promise<Claims> {
  if (!provider.keys) throw refuseIdToken('OAuth client does not support id_token.');
  const { errors, jwtVerify } = await import('jose');
  try {
    const { payload } = await jwtVerify(idToken, provider.keys, {
      issuer: APPLE.includes(provider.issuer) ? APPLE : provider.issuer,
      ...(client.clientId !== undefined && { audience: client.clientId }),
      algorithms: [...provider.algorithms],
      requiredClaims: ['exp'],
      currentDate: new Date(now),
    });
    if (!payload.sub) throw refuseIdToken('The id_token had no subject.');
    return { ...payload, sub: payload.sub };
  } catch (error) {
    if (error instanceof errors.JWTClaimValidationFailed) throw refuseClaim(error.claim, provider);
    if (error instanceof errors.JWTExpired) throw refuseIdToken('The id_token is expired.');
    if (error instanceof errors.JOSEAlgNotAllowed)
      throw refuseIdToken('The id_token used an unsupported algorithm.');
    if (error instanceof errors.JOSEError) throw refuseIdToken('The id_token could not be verified.');
    throw error;
  }
}

/** The claims of a verified id token. */
export type Claims = JWTPayload & { readonly sub: string };

/**
 * Checks that an id token was issued for the request that presents it.
 *
 * @throws {ServerError} `validation-failed` when it was issued for another one.
 */
export function checkNonce(claims: Claims, nonce: string | undefined, { issuer }: Provider): void {
  const claimed = typeof claims.nonce === 'string' && claims.nonce !== '' ? claims.nonce : undefined;
  // Google's mobile libraries do not let an app choose the nonce, and some of them add one anyway.
  if (issuer === GOOGLE) return;
  if (claimed === undefined && nonce === undefined) return;
  if (claimed === undefined) throw refuseIdToken('The id_token is missing a nonce.');
  if (nonce === undefined) throw refuseIdToken('The nonce parameter was not provided in the request.');
  // Some libraries send the hash of the nonce to the provider.
  if (isSameSecret(claimed, nonce) || isSameSecret(claimed, hashText(nonce))) return;
  throw refuseIdToken('The nonces do not match.');
}

/**
 * The identity that claims describe. An email only counts if the provider has verified it or `allowUnverifiedEmail` is
 * set.
 */
export function identityOf(
  claims: Readonly<Record<string, unknown>> & { readonly sub: string },
  { allowUnverifiedEmail = false } = {},
): Identity {
  const { sub, email, picture } = claims;
  const verified = claims.email_verified === true || allowUnverifiedEmail;
  return {
    sub,
    email: verified ? asEmail(email) : undefined,
    imageURL: typeof picture === 'string' ? picture : undefined,
  };
}

/** The error for a rejected id token, without the token. */
function refuseIdToken(message: string): ServerError {
  return validationFailed('id_token', null, [{ message }]);
}

function refuseClaim(claim: string, { issuer }: Provider): ServerError {
  if (claim === 'iss') return refuseIdToken(`The id_token wasn't issued by ${issuer}.`);
  if (claim === 'aud') return refuseIdToken('The id_token was generated for the wrong OAuth client.');
  return refuseIdToken(`The id_token has a claim that does not hold: ${claim}.`);
}
