import { recordExpired, recordNotFound, ServerError } from '../../protocol/error.ts';
import { RecentMap } from '../../recent-map.ts';
import { assertOperator, type DashContext } from './dash-access.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** How long an `instant-cli login` waits for the operator. */
const LOGIN_LIFETIME_MS = 2 * 60 * 1_000;

/** More logins than will ever be pending at once; beyond that, the oldest are dropped. */
const MAX_LOGINS = 1_000;

/** The oldest `instant-cli` that understands the answers. */
const MIN_CLI_VERSION = { major: 0, minor: 19, patch: 0, 'dev?': false };

interface Login {
  readonly ticket: string;
  readonly startedAt: number;
  state: 'waiting' | 'claimed' | 'voided';
}

/** How `instant-cli login` gets a token: the operator claims the ticket that it shows. */
export function dashCliRoutes(context: DashContext): Route[] {
  const logins = new RecentMap<string, Login>(MAX_LOGINS);
  return [
    {
      method: 'GET',
      path: '/dash/cli/version',
      handle: () => jsonResponse({ 'min-version': MIN_CLI_VERSION }),
    },
    { method: 'POST', path: '/dash/cli/auth/register', handle: () => register(context, logins) },
    { method: 'POST', path: '/dash/cli/auth/check', handle: (request) => check(request, context, logins) },
    {
      method: 'POST',
      path: '/dash/cli/auth/claim',
      handle: async (request) => {
        const { ticket } = await settle(request, context, logins, 'claimed');
        return jsonResponse({ ticket });
      },
    },
    {
      method: 'POST',
      path: '/dash/cli/auth/void',
      handle: async (request) => {
        await settle(request, context, logins, 'voided');
        return jsonResponse({});
      },
    },
  ];
}

function register({ host }: DashContext, logins: Map<string, Login>): Response {
  const login: Login = { ticket: host.newId(), startedAt: host.now(), state: 'waiting' };
  const secret = host.newId();
  logins.set(secret, login);
  return jsonResponse({ secret, ticket: login.ticket });
}

async function check(
  request: HttpRequest,
  { host }: DashContext,
  logins: Map<string, Login>,
): Promise<Response> {
  const secret = (await request.body()).uuid('secret');
  const login = logins.get(secret);
  if (!login) throw recordNotFound('instant-cli-login', {});
  if (isOver(login, host.now())) throw recordExpired('instant-cli-login', {});
  if (login.state === 'waiting')
    throw unsettled('waiting-for-user', 'The operator of the backend has not claimed this login yet');
  logins.delete(secret);
  if (login.state === 'voided')
    throw unsettled('user-voided-request', 'The operator of the backend refused this login');
  const { token, email } = host.operator;
  return jsonResponse({ token, email });
}

async function settle(
  request: HttpRequest,
  context: DashContext,
  logins: Map<string, Login>,
  state: 'claimed' | 'voided',
): Promise<Login> {
  assertOperator(request, context);
  const ticket = (await request.body()).uuid('ticket');
  const login = [...logins.values()].find((one) => one.ticket === ticket && one.state === 'waiting');
  if (!login || isOver(login, context.host.now())) throw recordNotFound('instant-cli-login', { ticket });
  login.state = state;
  return login;
}

function isOver({ startedAt }: Login, now: number): boolean {
  return now > startedAt + LOGIN_LIFETIME_MS;
}

/** Clients check the issue's name, and keep polling while it is `waiting-for-user`. */
function unsettled(issue: 'waiting-for-user' | 'user-voided-request', message: string): ServerError {
  return new ServerError('validation-failed', `Validation failed for instant-cli-login: ${message}`, {
    'data-type': 'instant-cli-login',
    input: null,
    errors: [{ issue, message }],
  });
}
