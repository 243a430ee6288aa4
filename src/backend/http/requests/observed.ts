import { isUuid } from '../../../protocol/uuid.ts';
import type { RequestEntry } from '../../app/log-entries.ts';
import type { Handler } from './router.ts';

/** Reports every request that a handler answers. */
export function observed(answer: Handler, onRequest: ((entry: RequestEntry) => void) | undefined): Handler {
  if (!onRequest) return answer;
  return async (request, ip, whenAnswered) => {
    const started = performance.now();
    const response = await answer(request, ip, whenAnswered);
    const { status } = response;
    onRequest({
      what: `${request.method} ${patternOf(request)}`,
      appId: appIdOf(request),
      ms: performance.now() - started,
      outcome: status < 400 ? 'ok' : `${status}`,
    });
    return response;
  };
}

/** The path without segments that identify a single thing, since those may be secrets. */
function patternOf({ url }: Request): string {
  if (!URL.canParse(url)) return '(malformed)';
  const segments = new URL(url).pathname.split('/');
  return segments
    .map((segment) => (/^[\w$-]{1,24}$/.test(segment) || segment === '' ? segment : ':id'))
    .join('/');
}

function appIdOf({ headers, url }: Request): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const [, inPath] = /^\/(?:dash\/apps|storage\/content)\/([^/]+)/.exec(parsed?.pathname ?? '') ?? [];
  const id = headers.get('app-id') ?? parsed?.searchParams.get('app_id') ?? inPath;
  return isUuid(id) ? id.toLowerCase() : null;
}
