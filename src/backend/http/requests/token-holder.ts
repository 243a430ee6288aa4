import type { AuthApp } from '../../auth/auth-app.ts';
import { userForToken } from '../../auth/refresh-tokens.ts';
import type { Actor } from '../../permissions/actor.ts';
import { tokenOf } from './admin-access.ts';
import type { HttpRequest } from './http-request.ts';
import { visitorOf } from './visitor-of.ts';

/** The user whose refresh token a request presents, else a visitor: an invalid token is not an error here. */
export function tokenHolder(request: HttpRequest, app: AuthApp): Actor {
  return { ...visitorOf(request), user: userForToken(app, tokenOf(request)) ?? null };
}
