import type { Apps } from '../apps.ts';
import type { BackendHost } from '../host.ts';
import { ephemeralRoutes } from './ephemeral.ts';
import { healthRoutes } from './health.ts';
import { notServedRoutes } from './not-served.ts';
import type { Route } from './router.ts';

/** Every endpoint. A room of the API is a file of its own, and a line here; the order decides between two that match. */
export function allRoutes(apps: Apps, host: BackendHost): Route[] {
  return [...healthRoutes(), ...ephemeralRoutes(apps, host), ...notServedRoutes()];
}
