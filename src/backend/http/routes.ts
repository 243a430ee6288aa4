import type { BackendHost } from '../app/app-host.ts';
import type { Apps } from '../apps/apps.ts';
import { JobBook } from '../schema/job-book.ts';
import type { SseSessions } from '../sessions/sse-sessions.ts';
import { adminRoutes } from './admin.ts';
import { adminPermsCheckRoutes } from './admin-perms-check.ts';
import { adminStorageRoutes } from './admin-storage.ts';
import { adminUserRoutes } from './admin-users.ts';
import { authRoutes } from './auth.ts';
import { dashAppRoutes } from './dash-apps.ts';
import { dashAuthRoutes } from './dash-auth.ts';
import { dashCliRoutes } from './dash-cli.ts';
import { dashOAuthRoutes } from './dash-oauth.ts';
import { dashPermsRoutes } from './dash-perms.ts';
import { dashSchemaRoutes } from './dash-schema.ts';
import { ephemeralRoutes } from './ephemeral.ts';
import { frameworkRoutes } from './framework.ts';
import { healthRoutes } from './health.ts';
import { notServedRoutes } from './not-served.ts';
import { oauthRoutes } from './oauth.ts';
import type { Route } from './router.ts';
import { sseRoutes } from './sse.ts';
import { storageRoutes } from './storage.ts';
import { superadminRoutes } from './superadmin.ts';

/** Every endpoint. A room of the API is a file of its own, and a line here; the order decides between two that match. */
export function allRoutes(apps: Apps, host: BackendHost, sse: SseSessions): Route[] {
  const context = { apps, host };
  const jobs = new JobBook();
  return [
    ...healthRoutes(),
    ...adminRoutes(apps),
    ...adminUserRoutes(apps),
    ...adminPermsCheckRoutes(apps),
    ...adminStorageRoutes(apps),
    ...sseRoutes(apps, sse),
    ...ephemeralRoutes(context),
    ...dashAppRoutes(context),
    ...dashSchemaRoutes(context, jobs),
    ...dashPermsRoutes(context),
    ...dashAuthRoutes(context),
    ...dashOAuthRoutes(context),
    ...dashCliRoutes(context),
    ...superadminRoutes(context, jobs),
    ...authRoutes(apps),
    ...oauthRoutes(apps),
    ...frameworkRoutes(apps),
    ...storageRoutes(apps, host),
    ...notServedRoutes(),
  ];
}
