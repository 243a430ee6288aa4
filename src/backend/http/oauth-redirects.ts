import { isUuid } from '../../protocol/uuid.ts';
import type { Apps } from '../apps/apps.ts';
import { failureLocation, finishOAuth, type OAuthArrival, startOAuth } from '../auth/oauth/flow.ts';
import { OAuthError } from '../auth/oauth/oauth-error.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { htmlResponse } from './requests/response.ts';

// Others on the same host set a cookie of this name too: only values with our prefix are ours.
const COOKIE = '__session';
const COOKIE_PREFIX = 'instantdb_';
const COOKIE_PATH = '/runtime/oauth';
const COOKIE_LIFETIME_MS = 60 * 60 * 1_000;

/** Redirects a browser to the provider. */
export async function start(request: HttpRequest, apps: Apps): Promise<Response> {
  const query = request.query();
  const served = apps.get(query.uuid('app_id'));
  const nameOfClient =
    query.optional('client_name') === undefined && query.optional('client_id') ? 'client_id' : 'client_name';
  const { location, cookie } = await startOAuth(served, {
    clientName: query.text(nameOfClient),
    redirectUri: query.text('redirect_uri'),
    state: optionalText(query, 'state'),
    challenge: optionalText(query, 'code_challenge'),
    method: optionalText(query, 'code_challenge_method'),
    hd: optionalText(query, 'hd'),
    callback: `${request.url.origin}${COOKIE_PATH}/callback`,
  });
  const response = redirect(location);
  const expires = new Date(served.app.host.now() + COOKIE_LIFETIME_MS).toUTCString();
  const secure = request.url.protocol === 'https:' ? '; Secure' : '';
  response.headers.set(
    'set-cookie',
    `${COOKIE}=${COOKIE_PREFIX}${cookie}; Path=${COOKIE_PATH}; HttpOnly; Expires=${expires}${secure}`,
  );
  return response;
}

/** Handles a browser that comes back from the provider, and redirects it to the app. */
export async function finish(request: HttpRequest, apps: Apps): Promise<Response> {
  const query = request.raw.method === 'POST' ? (await request.form()).or(request.query()) : request.query();
  if (query.optional('test-redirect') !== undefined) {
    return htmlResponse('<!DOCTYPE html><p>Your redirect works.</p>');
  }
  const refused = optionalText(query, 'error');
  if (refused !== undefined) throw new OAuthError(refused);
  const { appId, state } = stateOf(optionalText(query, 'state'));
  const cookie = cookieOf(request);
  if (!apps.has(appId)) throw new OAuthError('Could not find OAuth request.');
  try {
    const code = optionalText(query, 'code');
    return arrive(await finishOAuth(apps.get(appId), { state, cookie, code }));
  } catch (error) {
    if (!(error instanceof OAuthError) || error.redirectUrl === undefined) throw error;
    return redirect(failureLocation(error.redirectUrl, error.message));
  }
}

/** Browsers do not follow a redirect to a custom scheme: the user has to tap a link. */
function arrive({ location, email }: OAuthArrival): Response {
  if (/^https?:/i.test(location)) return redirect(location);
  const href = escapeHtml(location);
  const page = `<!DOCTYPE html><meta http-equiv="refresh" content="0;url=${href}"><p>Logged in as ${escapeHtml(email)}</p><p><a href="${href}">Open app</a></p>`;
  return htmlResponse(page);
}

function stateOf(text: string | undefined): { appId: string; state: string } {
  if (text === undefined) throw new OAuthError('Missing state param in OAuth redirect.');
  const [appId, state] = [text.slice(0, 36), text.slice(36)];
  if (!isUuid(appId) || !isUuid(state)) throw new OAuthError('Invalid state param in OAuth redirect.');
  return { appId: appId.toLowerCase(), state };
}

function cookieOf({ raw }: HttpRequest): string {
  for (const pair of (raw.headers.get('cookie') ?? '').split(';')) {
    const [name, value = ''] = pair.trim().split('=');
    if (name !== COOKIE || !value.startsWith(COOKIE_PREFIX)) continue;
    const cookie = value.slice(COOKIE_PREFIX.length);
    if (isUuid(cookie)) return cookie;
  }
  throw new OAuthError('Missing cookie.');
}

function optionalText(query: JsonBody, name: string): string | undefined {
  const value = query.optional(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { location } });
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
