import { ServerError, type ServerErrorType } from '../../../protocol/error.ts';
import { isObject } from '../../../protocol/json.ts';
import { BodyTooSlowError } from '../../files/read-body.ts';
import { NotAdmittedError } from './gate.ts';
import { BodyTooLargeError } from './http-request.ts';
import { NotServedError } from './not-served-error.ts';

/** A JSON answer. Clients treat only status 200 as success. */
export function jsonResponse(body: unknown, status = 200): Response {
  return jsonTextResponse(JSON.stringify(body), status);
}

/** A JSON answer from text that is already encoded. */
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

// Over HTTP these two have their own status; `parameter-limit-exceeded` is a 400 here and a 500 in a session.
const STATUS: Partial<Record<ServerErrorType, number>> = { 'rate-limited': 429, 'operation-timed-out': 500 };

/** Turns an error into an answer. An internal error is reported, and its details are not sent. */
export function errorResponse(error: unknown, report: (doing: string, error: unknown) => void): Response {
  if (error instanceof ServerError) {
    const { type, message } = error;
    // Always an object: without one, instant-cli does not recognize an Instant error and hides its message.
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

/** Whether the missing record is the account behind a token: the dashboard and its tools sign in again on a 401. */
function isDashLogin({ type, hint }: ServerError): boolean {
  if (type !== 'record-not-found' || !isObject(hint) || !Array.isArray(hint.args)) return false;
  const [args] = hint.args as unknown[];
  return isObject(args) && args['auth?'] === true;
}

/** Makes an answer readable from any origin. The headers a preflight request asks for are allowed by name. */
export function withCors(response: Response, request: Request): Response {
  const { headers } = response;
  headers.set('access-control-allow-origin', '*');
  if (request.method !== 'OPTIONS') return response;
  headers.set('access-control-allow-methods', 'GET, PUT, POST, DELETE');
  headers.set('access-control-allow-headers', request.headers.get('access-control-request-headers') ?? '*');
  headers.set('access-control-max-age', '600');
  return response;
}
