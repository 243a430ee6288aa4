import type { JsonObject } from '../../../protocol/json.ts';
import { answerQuery } from '../../app/answer-query.ts';
import type { Apps } from '../../apps/apps.ts';
import { deleteFiles } from '../../files/delete-files.ts';
import { assertFilePermission } from '../../files/file-permission.ts';
import { uploadFile } from '../../files/upload-file.ts';
import { adminAccess, adminApp } from '../requests/admin-access.ts';
import { downloadUrl, pathHeader, pathOf, uploadOf, uploadUrl } from '../requests/file-request.ts';
import type { HttpRequest } from '../requests/http-request.ts';
import { jsonResponse } from '../requests/response.ts';
import type { Route } from '../requests/router.ts';

/** Files, for admins and the users they impersonate. */
export function adminFileRoutes(apps: Apps): Route[] {
  return [
    { method: 'PUT', path: '/admin/storage/upload', handle: (request) => upload(request, apps) },
    { method: 'GET', path: '/admin/storage/files', handle: (request) => list(request, apps) },
    { method: 'DELETE', path: '/admin/storage/files', handle: (request) => remove(request, apps) },
    { method: 'POST', path: '/admin/storage/files/delete', handle: (request) => removeMany(request, apps) },
    {
      method: 'POST',
      path: '/admin/storage/signed-upload-url',
      handle: (request) => openUpload(request, apps),
    },
    { method: 'GET', path: '/admin/storage/signed-download-url', handle: (request) => sign(request, apps) },
  ];
}

async function upload(request: HttpRequest, apps: Apps): Promise<Response> {
  const { app, actor } = adminAccess(request, apps);
  const path = pathHeader(request);
  assertFilePermission(app, 'create', { actor, path });
  return jsonResponse({ data: await uploadFile(app, uploadOf(request, path)) });
}

function list(request: HttpRequest, apps: Apps): Response {
  const { app } = adminApp(request, apps);
  app.assertReadable();
  const q = { $files: {} };
  // Only the files that the impersonated user may see.
  const { actor } = adminAccess(request, apps);
  const { answer } = answerQuery(app, { q, returnType: 'tree', inference: false, actor });
  if (answer.is === 'failure') throw answer.error;
  const { $files } = JSON.parse(answer.result) as { $files: JsonObject[] };
  const data = $files.map((file) => ({
    key: `${app.identity.id}/${file['location-id']}`,
    name: file.path ?? null,
    size: file.size ?? null,
    etag: null,
    last_modified: null,
  }));
  return jsonResponse({ data });
}

function remove(request: HttpRequest, apps: Apps): Response {
  const { app, actor } = adminAccess(request, apps);
  const path = pathOf(request);
  assertFilePermission(app, 'delete', { actor, path });
  return jsonResponse({ data: { id: deleteFiles(app, [path])[0] ?? null } });
}

async function removeMany(request: HttpRequest, apps: Apps): Promise<Response> {
  const { app, actor } = adminAccess(request, apps);
  const paths = (await request.body()).required('filenames', asTexts);
  for (const path of paths) assertFilePermission(app, 'delete', { actor, path });
  return jsonResponse({ data: { ids: deleteFiles(app, paths) } });
}

async function openUpload(request: HttpRequest, apps: Apps): Promise<Response> {
  const { app } = adminApp(request, apps);
  app.assertWritable();
  return jsonResponse({ data: uploadUrl(app, (await request.body()).text('filename')) });
}

function sign(request: HttpRequest, apps: Apps): Response {
  const { app } = adminApp(request, apps);
  app.assertReadable();
  return jsonResponse({ data: downloadUrl(app, pathOf(request)) });
}

function asTexts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
