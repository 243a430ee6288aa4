import type { JWTPayload } from 'jose';
import { type ServerError, validationFailed } from '../../../protocol/error.ts';
import { hashText, isSameSecret } from '../../permissions/hash-text.ts';
import { asEmail } from '../users.ts';
import type { OAuthClient } from './clients.ts';
import type { Identity } from './identity.ts';
import type { Provider } from './provider.ts';

// Apple signs as either of the two, whatever its discovery document says.
const APPLE = ['https://appleid.apple.com', 'https://account.apple.com'];
const GOOGLE = 'https://accounts.google.com';

/** An id token to be verified, and against what. */
export interface IdTokenCheck {
  readonly client: OAuthClient;
  readonly provider: Provider;
  readonly idToken: string;
  /** In epoch milliseconds. */
  readonly now: number;
}

/**
 * The claims of an id token, once its signature, issuer, audience and times are known to be good. A client without a
 * `clientId` takes tokens that the provider made for anybody.
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
 * Checks that an id token was made for the request that presents it.
 *
 * @throws {ServerError} `validation-failed` when it was made for another.
 */
export function checkNonce(claims: Claims, nonce: string | undefined, { issuer }: Provider): void {
  const claimed = typeof claims.nonce === 'string' && claims.nonce !== '' ? claims.nonce : undefined;
  // Google's libraries for devices give no way to choose the nonce, and put one in on some of them.
  if (issuer === GOOGLE) return;
  if (claimed === undefined && nonce === undefined) return;
  if (claimed === undefined) throw refuseIdToken('The id_token is missing a nonce.');
  if (nonce === undefined) throw refuseIdToken('The nonce parameter was not provided in the request.');
  // Some libraries send the hash of the nonce to the provider.
  if (isSameSecret(claimed, nonce) || isSameSecret(claimed, hashText(nonce))) return;
  throw refuseIdToken('The nonces do not match.');
}

/** Who the claims are about. An email counts when the provider has verified it. */
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

/** The error for an id token that is not accepted. The token itself is not in it. */
function refuseIdToken(message: string): ServerError {
  return validationFailed('id_token', null, [{ message }]);
}

function refuseClaim(claim: string, { issuer }: Provider): ServerError {
  if (claim === 'iss') return refuseIdToken(`The id_token wasn't issued by ${issuer}.`);
  if (claim === 'aud') return refuseIdToken('The id_token was generated for the wrong OAuth client.');
  return refuseIdToken(`The id_token has a claim that does not hold: ${claim}.`);
}
