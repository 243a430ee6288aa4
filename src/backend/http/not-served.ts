import { NotServedError } from '../not-served.ts';
import type { Route } from './router.ts';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Where an Instant server has endpoints that this backend does not have, with all that is below them. */
const PLACES: readonly string[] = [
  ...words(`
    admin check-admin admin-debug-uri auth default-email-template investor_updates invites oauth orgs overview paid
    personal_access_tokens profiles restore-jobs restores session_counts signout stats storage sunset top user
    ws_playground apps/get_a_db
  `).map((name) => `/dash/${name}`),
  ...words(`
    backup-jobs backups billing checkout_session clear email_status email_templates invite members
    oauth-app-client-secrets oauth-app-clients oauth-apps portal_session rule-versions self_hosted_subscription
    send-test-email sender-verification stats storage tokens transfer_to_org webhooks
  `).map((name) => `/dash/apps/:app_id/${name}`),
  '/superadmin/apps/:app_id/transfers',
  '/platform/oauth',
  '/webhooks/payload',
  '/.well-known/webhooks',
  '/hooks',
];

/** Says of known endpoints that they are not served, so that they are not taken for a misspelt address. */
export function notServedRoutes(): Route[] {
  return PLACES.flatMap((place) => [place, `${place}/*`]).flatMap((path) =>
    METHODS.map(
      (method): Route => ({
        method,
        path,
        handle: ({ url }) => {
          throw new NotServedError(`${method} ${url.pathname}`);
        },
      }),
    ),
  );
}
