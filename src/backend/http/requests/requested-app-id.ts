import { requiredUuid } from '../../../protocol/params.ts';
import type { HttpRequest } from './http-request.ts';

/**
 * The app that a request names in its header `app-id`, or else in its query.
 *
 * @throws {ServerError} `param-missing` or `param-malformed`.
 */
export function requestedAppId({ raw, url }: HttpRequest): string {
  const header = raw.headers.get('app-id');
  const asked = url.searchParams.get('app_id');
  if (header === null && asked !== null) return requiredUuid(['query-params', 'app_id'], asked);
  return requiredUuid(['headers', 'app-id'], header);
}
