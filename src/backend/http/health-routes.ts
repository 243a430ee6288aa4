import { nodeVersion } from '../../version.ts';
import { htmlResponse, jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** Tells that the backend is up, to people and to probes. */
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
