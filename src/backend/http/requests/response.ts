import { ServerError, type ServerErrorType } from '../../../protocol/error.ts';
import { isObject } from '../../../protocol/json.ts';
import { BodyTooSlowError } from '../../files/read-body.ts';
import { NotAdmittedError } from './gate.ts';
import { BodyTooLargeError } from './http-request.ts';
import { NotServedError } from './not-served-error.ts';

/** A JSON answer. Clients take nothing but status 200 for a success. */
export function jsonResponse(body: unknown, status = 200): Response {
  return jsonTextResponse(JSON.stringify(body), status);
}

/** A JSON answer that is text already. */
export function jsonTextResponse(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
}

/** An HTML answer. */
export function htmlResponse(body: string): Response {
  return new Response(body, { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

// Over HTTP these two have a status of their own; `parameter-limit-exceeded` is a 400 here and a 500 on a session.
const STATUS: Partial<Record<ServerErrorType, number>> = { 'rate-limited': 429, 'operation-timed-out': 500 };

/** A failure as an answer. One that is the backend's own is reported, and its details stay here. */
export function errorResponse(error: unknown, report: (doing: string, error: unknown) => void): Response {
  if (error instanceof ServerError) {
    const { type, message } = error;
    // An object at any rate: instant-cli takes an answer without one for no error of Instant's, and hides its message.
    const hint = error.hint ?? {};
    return jsonResponse({ type, message, hint, 'trace-id': null }, statusOf(error));
  }
  report('answer a request', error);
  const message = 'Something went wrong. Sorry about this!';
  return jsonResponse({ type: 'unknown', message, hint: {} }, 500);
}

function statusOf(error: ServerError): number {
  if (error instanceof NotServedError) return 501;
  if (error instanceof BodyTooLargeError) return 413;
  if (error instanceof NotAdmittedError) return 403;
  if (error instanceof BodyTooSlowError) return 408;
  return isDashLogin(error) ? 401 : (STATUS[error.type] ?? 400);
}

/** Whether what was not found is the account behind a token: the dashboard and its tools sign in again for that. */
function isDashLogin({ type, hint }: ServerError): boolean {
  if (type !== 'record-not-found' || !isObject(hint) || !Array.isArray(hint.args)) return false;
  const [args] = hint.args as unknown[];
  return isObject(args) && args['auth?'] === true;
}

/** The answer, readable from any origin. Headers that the request asks leave for are allowed by name. */
export function withCors(response: Response, request: Request): Response {
  const { headers } = response;
  headers.set('access-control-allow-origin', '*');
  if (request.method !== 'OPTIONS') return response;
  headers.set('access-control-allow-methods', 'GET, PUT, POST, DELETE');
  headers.set('access-control-allow-headers', request.headers.get('access-control-request-headers') ?? '*');
  headers.set('access-control-max-age', '600');
  return response;
}
