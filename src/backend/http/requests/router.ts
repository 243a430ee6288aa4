import type { WhenAnswered } from '../../../drivers/listen/contract.ts';
import { paramMalformed } from '../../../protocol/param-error.ts';
import type { BackendHost } from '../../apps/backend-host.ts';
import { assertHost, assertOrigin, type Gate } from './gate.ts';
import { HttpRequest } from './http-request.ts';
import { errorResponse, jsonResponse, withCors } from './response.ts';

/** An endpoint. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /**
   * The path. A segment that begins with `:` matches any single segment and makes it the parameter of that name; a
   * final `*` matches everything that follows.
   */
  readonly path: string;
  /** Answers a request. A thrown error becomes the answer too, see {@link errorResponse}. */
  handle(request: HttpRequest): Response | Promise<Response>;
}

/** Answers a request with the first route that matches, in the given order. Never rejects. */
export type Handler = (request: Request, ip: string | null, whenAnswered: WhenAnswered) => Promise<Response>;

/**
 * Combines routes into one handler, with CORS for every origin and the error answers of an Instant server. `gate`
 * decides who gets an answer at all.
 */
export function createRouter(
  routes: readonly Route[],
  gate: Gate,
  { report, bodyIdleMs }: Pick<BackendHost, 'report' | 'bodyIdleMs'>,
): Handler {
  const table = routes.map((route) => ({ route, segments: segmentsOf(route.path) }));
  const answer: Handler = async (request, ip, whenAnswered) => {
    assertHost(gate, request);
    if (request.method === 'OPTIONS') return new Response(null, { status: 204 });
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    if (!url) return noRoute();
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const actual = segmentsOf(url.pathname);
    for (const { route, segments } of table) {
      const params = route.method === method ? match(segments, actual) : undefined;
      if (!params) continue;
      if (changesDash(route)) assertOrigin(gate, request);
      return route.handle(
        new HttpRequest(request, { url, params: decode(params), ip, bodyIdleMs, whenAnswered }),
      );
    }
    return noRoute();
  };
  return async (request, ip, whenAnswered) => {
    try {
      return withCors(await answer(request, ip, whenAnswered), request);
    } catch (error) {
      return withCors(errorResponse(error, report), request);
    }
  };
}

/** Requests that a page could make with a plain form, for which browsers send no preflight. */
function changesDash({ method, path }: Route): boolean {
  return method !== 'GET' && path.startsWith('/dash');
}

function noRoute(): Response {
  return jsonResponse({ message: "Oops! We couldn't match this route." }, 404);
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function match(pattern: readonly string[], actual: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    if (expected === '*') return params;
    const segment = actual[i];
    if (segment === undefined) return undefined;
    if (expected.startsWith(':')) params[expected.slice(1)] = segment;
    else if (expected !== segment) return undefined;
  }
  return pattern.length === actual.length ? params : undefined;
}

function decode(params: Record<string, string>): Record<string, string> {
  const entries = Object.entries(params).map(([name, text]): [string, string] => {
    try {
      return [name, decodeURIComponent(text)];
    } catch {
      throw paramMalformed(['params', name], text);
    }
  });
  return Object.fromEntries(entries);
}
