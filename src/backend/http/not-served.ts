import { NotServedError } from '../not-served.ts';
import type { Route } from './router.ts';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

/** Where an Instant server has endpoints that this backend does not have yet. */
const PREFIXES = [
  '/runtime',
  '/admin',
  '/storage',
  '/dash',
  '/superadmin',
  '/platform',
  '/webhooks',
  '/.well-known/webhooks',
];

/** Says of known endpoints that they are not served yet, so that they are not taken for a misspelt address. */
export function notServedRoutes(): Route[] {
  return PREFIXES.flatMap((prefix) =>
    METHODS.map(
      (method): Route => ({
        method,
        path: `${prefix}/*`,
        handle: ({ url }) => {
          throw new NotServedError(`${method} ${url.pathname}`);
        },
      }),
    ),
  );
}
