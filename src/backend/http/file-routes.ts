import { requiredUuid } from '../../protocol/params.ts';
import type { App } from '../app/app.ts';
import type { Apps } from '../apps/apps.ts';
import type { BackendHost } from '../apps/backend-host.ts';
import { deleteFiles } from '../files/delete-files.ts';
import { assertFilePermission } from '../files/file-permission.ts';
import { uploadFile } from '../files/upload-file.ts';
import { downloadUrl, pathHeader, pathOf, uploadOf, uploadUrl } from './requests/file-request.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { tokenHolder } from './requests/token-holder.ts';

/** File endpoints for users. */
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
  ];
}

async function upload(request: HttpRequest, apps: Apps): Promise<Response> {
  const { headers } = request.raw;
  const app = appFor(apps, ['headers', 'app-id'], headers.get('app-id') ?? headers.get('app_id'));
  const path = pathHeader(request);
  assertFilePermission(app, 'create', { actor: tokenHolder(request, app), path });
  return jsonResponse({ data: await uploadFile(app, uploadOf(request, path)) });
}

function remove(request: HttpRequest, apps: Apps): Response {
  const app = appFor(apps, ['params', 'app_id'], request.url.searchParams.get('app_id'));
  const path = pathOf(request);
  assertFilePermission(app, 'delete', { actor: tokenHolder(request, app), path });
  return jsonResponse({ data: { id: deleteFiles(app, [path])[0] ?? null } });
}

async function openUpload(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const app = appFor(apps, ['body', 'app_id'], body.optional('app_id') ?? body.optional('app-id') ?? null);
  const path = body.text('filename');
  assertFilePermission(app, 'create', { actor: tokenHolder(request, app), path });
  return jsonResponse({ data: uploadUrl(app, path) });
}

async function consume(request: HttpRequest, apps: Apps, host: BackendHost): Promise<Response> {
  const { appId, path } = host.files.uploads.take(request.uuidParam('id'));
  return jsonResponse({ data: await uploadFile(apps.get(appId).app, uploadOf(request, path)) });
}

function sign(request: HttpRequest, apps: Apps): Response {
  const app = appFor(apps, ['params', 'app_id'], request.url.searchParams.get('app_id'));
  const path = pathOf(request);
  assertFilePermission(app, 'view', { actor: tokenHolder(request, app), path });
  app.assertReadable();
  return jsonResponse({ data: downloadUrl(app, path) });
}

function appFor(apps: Apps, path: readonly string[], id: unknown): App {
  return apps.get(requiredUuid(path, id)).app;
}
