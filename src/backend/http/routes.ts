import type { Apps } from '../apps/apps.ts';
import type { BackendHost } from '../apps/backend-host.ts';
import { JobBook } from '../schema/job-book.ts';
import type { SseSessions } from '../sessions/sse-sessions.ts';
import { adminFileRoutes } from './admin/admin-file-routes.ts';
import { adminRoutes } from './admin/admin-routes.ts';
import { adminUserRoutes } from './admin/admin-user-routes.ts';
import { permsCheckRoutes } from './admin/perms-check-routes.ts';
import { authRoutes } from './auth-routes.ts';
import { contentRoutes } from './content-routes.ts';
import { dashAppRoutes } from './dash-app-routes.ts';
import { dashAuthRoutes } from './dash-auth-routes.ts';
import { dashCliRoutes } from './dash-cli-routes.ts';
import { dashOAuthRoutes } from './dash-oauth-routes.ts';
import { dashPermsRoutes } from './dash-perms-routes.ts';
import { dashSchemaRoutes } from './dash-schema-routes.ts';
import { ephemeralAppRoutes } from './ephemeral-app-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { frameworkRoutes } from './framework-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { oauthRoutes } from './oauth-routes.ts';
import type { Route } from './requests/router.ts';
import { sseRoutes } from './sse-routes.ts';
import { superadminRoutes } from './superadmin-routes.ts';
import { unservedRoutes } from './unserved-routes.ts';

/**
 * Every endpoint. Each group of routes has a file of its own and a line here; if two routes match, the first one wins.
 */
export function allRoutes(apps: Apps, host: BackendHost, sse: SseSessions): Route[] {
  const context = { apps, host };
  const jobs = new JobBook();
  return [
    ...healthRoutes(),
    ...adminRoutes(apps),
    ...adminUserRoutes(apps),
    ...permsCheckRoutes(apps),
    ...adminFileRoutes(apps),
    ...sseRoutes(apps, sse),
    ...ephemeralAppRoutes(context),
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
    ...fileRoutes(apps, host),
    ...contentRoutes(apps, host.files),
    ...unservedRoutes(),
  ];
}
