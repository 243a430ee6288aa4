import type { Content, Place } from '../app/content-store.ts';
import { parseRange } from './byte-range.ts';

/** What a file is served as. */
export interface FileHeaders {
  readonly contentType: string;
  readonly contentDisposition: string | undefined;
}

/** Answers a request for a file's content: all of it, or the range that is asked for; streamed. */
export function serveContent(request: Request, place: Place, content: Content, file: FileHeaders): Response {
  const headers = headersFor(place, file);
  // Content never changes under its address, so the place of it is its tag.
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

/** A range holds for the content that its client has seen a part of already, if it says which. */
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
    // Files are of anybody's making: one that is a page must not act as a page of this server.
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
  };
}
