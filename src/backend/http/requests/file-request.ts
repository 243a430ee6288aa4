import { paramMalformed, paramMissing } from '../../../protocol/param-error.ts';
import type { App } from '../../app/app.ts';
import { findRecord, textOf } from '../../app/system-records.ts';
import type { Upload } from '../../files/upload-file.ts';
import type { HttpRequest } from './http-request.ts';

/** What a client sends for a header that it has no value for. */
const NO_TYPES: ReadonlySet<string> = new Set(['', 'null', 'undefined']);

/** The path of the file that a request brings. */
export function pathHeader({ raw }: HttpRequest): string {
  const path = raw.headers.get('path') ?? raw.headers.get('filename');
  return notBlank(path, ['headers', 'path']);
}

/** The path of the file that a request is about. */
export function pathOf({ url }: HttpRequest): string {
  return notBlank(url.searchParams.get('filename') ?? url.searchParams.get('path'), ['params', 'filename']);
}

/** The file that a request brings. */
export function uploadOf({ raw, bodyIdleMs }: HttpRequest, path: string): Upload {
  const type = raw.headers.get('content-type')?.trim() ?? '';
  const disposition = raw.headers.get('content-disposition')?.trim() ?? '';
  const length = raw.headers.get('content-length');
  return {
    path,
    contentType: NO_TYPES.has(type) ? null : type,
    contentDisposition: disposition === '' ? null : disposition,
    contentLength: length !== null && /^\d+$/.test(length) ? Number(length) : undefined,
    body: raw.body,
    bodyIdleMs,
  };
}

/** An address that a file can be sent to, once. */
export function uploadUrl({ identity, host }: App, path: string): string {
  return `${host.files.urls.origin}/storage/${host.files.uploads.open({ appId: identity.id, path })}/consume-upload-url`;
}

/** An address that a file can be read from; null when there is no such file. */
export function downloadUrl(app: App, path: string): string | null {
  const record = findRecord(app, '$files', 'path', path);
  const locationId = record && textOf(record, 'location-id');
  return locationId === undefined ? null : app.host.files.urls.sign({ appId: app.identity.id, locationId });
}

function notBlank(text: string | null, where: readonly string[]): string {
  if (text === null) throw paramMissing(where);
  if (text.trim() === '') throw paramMalformed(where, text);
  return text.trim();
}
