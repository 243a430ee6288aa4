import { recordNotFound, type ServerError } from '../../protocol/error.ts';
import { paramMalformed, paramMissing } from '../../protocol/param-error.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { App } from '../app/app.ts';
import type { Content } from '../app/content-store.ts';
import { CONTENT_PATH } from '../app/file-urls.ts';
import { findRecord, type SystemRecord, textOf } from '../app/system-records.ts';
import type { Apps } from '../apps/apps.ts';
import type { BackendHost } from '../apps/backend-host.ts';
import { userForToken } from '../auth/refresh-tokens.ts';
import { deleteFiles } from '../files/delete-files.ts';
import { assertFilePermission } from '../files/file-permission.ts';
import { serveContent } from '../files/serve-content.ts';
import { uploadFile } from '../files/upload-file.ts';
import type { Actor } from '../permissions/actor.ts';
import type { AppStreams } from '../streams/app-streams.ts';
import { streamOfPath } from '../streams/stream-file.ts';
import { tokenOf } from './requests/admin-access.ts';
import { downloadUrl, pathHeader, pathOf, uploadOf, uploadUrl } from './requests/file-request.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** Files, for users, and their contents, for whoever has the address. */
export function fileRoutes(apps: Apps, host: BackendHost): Route[] {
  return [
    { method: 'PUT', path: '/storage/upload', handle: (request) => upload(request, apps) },
    { method: 'DELETE', path: '/storage/files', handle: (request) => remove(request, apps) },
    { method: 'POST', path: '/storage/signed-upload-url', handle: (request) => openUpload(request, apps) },
    {
      method: 'PUT',
      path: '/storage/:id/consume-upload-url',
      handle: (request) => consume(request, apps, host),
    },
    { method: 'GET', path: '/storage/signed-download-url', handle: (request) => sign(request, apps) },
    {
      method: 'GET',
      path: `${CONTENT_PATH}/:app/:location`,
      handle: (request) => serve(request, apps, host),
    },
  ];
}

async function upload(request: HttpRequest, apps: Apps): Promise<Response> {
  const { headers } = request.raw;
  const app = appFor(apps, ['headers', 'app-id'], headers.get('app-id') ?? headers.get('app_id'));
  const path = pathHeader(request);
  assertFilePermission(app, 'create', { actor: actorOf(request, app), path });
  return jsonResponse({ data: await uploadFile(app, uploadOf(request, path)) });
}

function remove(request: HttpRequest, apps: Apps): Response {
  const app = appFor(apps, ['params', 'app_id'], request.url.searchParams.get('app_id'));
  const path = pathOf(request);
  assertFilePermission(app, 'delete', { actor: actorOf(request, app), path });
  return jsonResponse({ data: { id: deleteFiles(app, [path])[0] ?? null } });
}

async function openUpload(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const app = appFor(apps, ['body', 'app_id'], body.optional('app_id') ?? body.optional('app-id') ?? null);
  const path = body.text('filename');
  assertFilePermission(app, 'create', { actor: actorOf(request, app), path });
  return jsonResponse({ data: uploadUrl(app, path) });
}

async function consume(request: HttpRequest, apps: Apps, host: BackendHost): Promise<Response> {
  const { appId, path } = host.files.uploads.take(request.uuidParam('id'));
  return jsonResponse({ data: await uploadFile(apps.get(appId).app, uploadOf(request, path)) });
}

function sign(request: HttpRequest, apps: Apps): Response {
  const app = appFor(apps, ['params', 'app_id'], request.url.searchParams.get('app_id'));
  const path = pathOf(request);
  assertFilePermission(app, 'view', { actor: actorOf(request, app), path });
  app.assertReadable();
  return jsonResponse({ data: downloadUrl(app, path) });
}

async function serve(request: HttpRequest, apps: Apps, { files }: BackendHost): Promise<Response> {
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

/** The content of a stream's file: that of the stream itself. */
function contentOfStream(streams: AppStreams, record: SystemRecord): Content | undefined {
  const streamId = streamOfPath(textOf(record, 'path'));
  return streamId === undefined ? undefined : streams.content(streamId, record.values.size);
}

function errorNotFound({ type, message, hint }: ServerError): Response {
  return jsonResponse({ type, message, hint }, 404);
}

/** Whoever holds a refresh token of the app, else a visitor: a token that is nobody's is no error here. */
function actorOf(request: HttpRequest, app: App): Actor {
  const token = tokenOf(request);
  const user = isUuid(token) ? (userForToken(app, token.toLowerCase()) ?? null) : null;
  return { ...visitorOf(request), user };
}

function appFor(apps: Apps, path: readonly string[], id: unknown): App {
  if (id === null) throw paramMissing(path);
  if (!isUuid(id)) throw paramMalformed(path, id);
  return apps.get(id.toLowerCase()).app;
}
