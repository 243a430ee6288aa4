import { nodeVersion } from '../../version.ts';
import { htmlResponse, jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** Shows people and probes that the backend is up. */
export function healthRoutes(): Route[] {
  return [
    { method: 'GET', path: '/', handle: () => htmlResponse("<code>Welcome to Instant's Backend!</code>") },
    {
      method: 'GET',
      path: '/health',
      handle: () => jsonResponse({ ok: true, backend: 'local', version: nodeVersion }),
    },
    { method: 'GET', path: '/health/system', handle: () => jsonResponse({ wal: 'ok' }) },
  ];
}
