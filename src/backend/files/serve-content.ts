import type { Content, Place } from '../app/content-store.ts';
import { parseRange } from './byte-range.ts';

/** The headers a file is served with. */
export interface FileHeaders {
  readonly contentType: string;
  readonly contentDisposition: string | undefined;
}

/** Streams a file's content in answer to a request: all of it, or the requested range. */
export function serveContent(request: Request, place: Place, content: Content, file: FileHeaders): Response {
  const headers = headersFor(place, file);
  // The content at a place never changes, so the place serves as its ETag.
  if (request.headers.get('if-none-match') === headers.etag)
    return new Response(null, { status: 304, headers });
  const range = parseRange(rangeOf(request, headers.etag), content.size);
  if (range.is === 'none') {
    return new Response(null, {
      status: 416,
      headers: { ...headers, 'content-range': `bytes */${content.size}` },
    });
  }
  const slice = range.is === 'part' ? range : { start: 0, end: content.size };
  const more = {
    'content-length': `${slice.end - slice.start}`,
    ...(range.is === 'part' && { 'content-range': `bytes ${slice.start}-${slice.end - 1}/${content.size}` }),
  };
  const body = request.method === 'HEAD' ? null : content.stream(slice);
  return new Response(body, { status: range.is === 'part' ? 206 : 200, headers: { ...headers, ...more } });
}

/** With `If-Range`, the range only applies to the version that the client already has a part of. */
function rangeOf({ headers }: Request, etag: string): string | null {
  const condition = headers.get('if-range');
  return condition === null || condition === etag ? headers.get('range') : null;
}

function headersFor({ locationId }: Place, { contentType, contentDisposition }: FileHeaders) {
  return {
    'content-type': contentType,
    ...(contentDisposition !== undefined && { 'content-disposition': contentDisposition }),
    'accept-ranges': 'bytes',
    etag: `"${locationId}"`,
    'cache-control': 'private, max-age=86400',
    'access-control-expose-headers':
      'content-length, content-range, content-disposition, etag, accept-ranges',
    // Anyone may upload files: an HTML file must not act as a page of this server.
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
  };
}
