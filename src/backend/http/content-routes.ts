import { recordNotFound, type ServerError } from '../../protocol/error.ts';
import type { Content } from '../app/content-store.ts';
import type { FileStorage } from '../app/file-storage.ts';
import { CONTENT_PATH } from '../app/file-urls.ts';
import { findRecord, type SystemRecord, textOf } from '../app/system-records.ts';
import type { Apps } from '../apps/apps.ts';
import { serveContent } from '../files/serve-content.ts';
import type { AppStreams } from '../streams/app-streams.ts';
import { fileContent, streamOfPath } from '../streams/stream-file.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** Serves file contents to anyone who has the URL. */
export function contentRoutes(apps: Apps, files: FileStorage): Route[] {
  return [
    {
      method: 'GET',
      path: `${CONTENT_PATH}/:app/:location`,
      handle: (request) => serve(request, apps, files),
    },
  ];
}

async function serve(request: HttpRequest, apps: Apps, files: FileStorage): Promise<Response> {
  const place = { appId: request.uuidParam('app'), locationId: request.uuidParam('location') };
  if (!files.urls.isGood(place, request.url.searchParams)) {
    return jsonResponse(
      { type: 'permission-denied', message: 'The URL has expired or is not signed.', hint: null },
      403,
    );
  }
  const { app, streams } = apps.get(place.appId);
  app.assertReadable();
  const record = findRecord(app, '$files', 'location-id', place.locationId);
  const content = record && ((await files.content.read(place)) ?? contentOfStream(streams, record));
  if (!content) return errorNotFound(recordNotFound('app-file', { 'location-id': place.locationId }));
  return serveContent(request.raw, place, content, {
    contentType: textOf(record, 'content-type') ?? 'application/octet-stream',
    contentDisposition: textOf(record, 'content-disposition'),
  });
}

/** The file of a stream has the stream's own content. */
function contentOfStream(streams: AppStreams, record: SystemRecord): Content | undefined {
  const streamId = streamOfPath(textOf(record, 'path'));
  return streamId === undefined ? undefined : fileContent(streams.content, streamId, record.values.size);
}

function errorNotFound({ type, message, hint }: ServerError): Response {
  return jsonResponse({ type, message, hint }, 404);
}
