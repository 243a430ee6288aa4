import { NotServedError } from './requests/not-served-error.ts';
import type { Route } from './requests/router.ts';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

const dash = (names: string): string[] => names.split(' ').map((name) => `/dash/${name}`);
const ofApp = (names: string): string[] => names.split(' ').map((name) => `/dash/apps/:app_id/${name}`);

/**
 * Endpoints of an Instant server that this backend lacks, including everything below them, by purpose, in the README's
 * words. Exported for the test that holds the README to it.
 */
export const NOT_SERVED: Readonly<Record<string, readonly string[]>> = {
  webhooks: [...ofApp('webhooks'), '/webhooks/payload', '/.well-known/webhooks', '/hooks'],
  backups: [...ofApp('backup-jobs backups'), ...dash('restore-jobs restores')],
  organizations: [...dash('orgs'), ...ofApp('transfer_to_org'), '/superadmin/apps/:app_id/transfers'],
  members: [...dash('invites'), ...ofApp('invite members')],
  'mail templates': [
    ...dash('default-email-template'),
    ...ofApp('email_status email_templates send-test-email sender-verification'),
  ],
  billing: [...dash('paid'), ...ofApp('billing checkout_session portal_session self_hosted_subscription')],
  'dashboard accounts': [...dash('auth personal_access_tokens profiles signout user'), ...ofApp('tokens')],
  'OAuth apps': [
    ...dash('oauth'),
    ...ofApp('oauth-app-client-secrets oauth-app-clients oauth-apps'),
    '/platform/oauth',
  ],
  statistics: [...dash('overview session_counts stats top'), ...ofApp('stats')],
  'dashboard files': [...dash('storage'), ...ofApp('storage')],
  'rule history': ofApp('rule-versions'),
  'clearing an app': ofApp('clear'),
  "operators' pages": dash(
    'admin admin-debug-uri apps/get_a_db check-admin investor_updates sunset ws_playground',
  ),
};

/** Reports known endpoints as not served, so that nobody takes them for a misspelled URL. */
export function unservedRoutes(): Route[] {
  return Object.values(NOT_SERVED)
    .flat()
    .flatMap((place) => [place, `${place}/*`])
    .flatMap((path) =>
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
