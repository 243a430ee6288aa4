import { paramMalformed, paramMissing } from '../../../protocol/param-error.ts';
import type { App } from '../../app/app.ts';
import { findRecord, textOf } from '../../app/system-records.ts';
import type { Upload } from '../../files/upload-file.ts';
import type { HttpRequest } from './http-request.ts';

/** What clients send in this header when they have no type. */
const NO_TYPES: ReadonlySet<string> = new Set(['', 'null', 'undefined']);

/** The path of the file being uploaded. */
export function pathHeader({ raw }: HttpRequest): string {
  const path = raw.headers.get('path') ?? raw.headers.get('filename');
  return notBlank(path, ['headers', 'path']);
}

/** The path of the file that a request concerns. */
export function pathOf({ url }: HttpRequest): string {
  return notBlank(url.searchParams.get('filename') ?? url.searchParams.get('path'), ['params', 'filename']);
}

/** The upload that a request contains. */
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

/** A URL that a file can be uploaded to, once. */
export function uploadUrl({ identity, host }: App, path: string): string {
  return `${host.files.urls.origin}/storage/${host.files.uploads.open({ appId: identity.id, path })}/consume-upload-url`;
}

/** A URL that a file can be downloaded from; null when there is no such file. */
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
