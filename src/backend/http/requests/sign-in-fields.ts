import { isObject, type JsonObject } from '../../../protocol/json.ts';
import type { AuthApp } from '../../auth/auth-app.ts';
import type { SignedIn } from '../../auth/sign-in.ts';
import { type ExtraFields, userObject } from '../../auth/users.ts';
import type { JsonBody } from './http-request.ts';

/** The extra fields in a body, under the given name; undefined when there are none. */
export function extraFieldsOf(body: JsonBody, name: string): ExtraFields | undefined {
  if (body.optional(name) === undefined) return undefined;
  return body.required(name, (value) => (isObject(value) ? (value as ExtraFields) : undefined));
}

/** The user who signed in with their new token, and whether they are new. */
export function signedInBody(app: AuthApp, { user, token, created }: SignedIn): JsonObject {
  return { user: userObject(app, user, token), created };
}
