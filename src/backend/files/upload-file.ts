import { validationFailed } from '../../protocol/error.ts';
import { FileTooLargeError, type Place } from '../app/content-store.ts';
import { findRecord, stepsToPut, write } from '../app/system-records.ts';
import type { Account } from '../ephemeral/quota.ts';
import type { FileApp } from './file-app.ts';
import { BodyBrokeOffError, readBody } from './read-body.ts';

/** An incoming upload. */
export interface Upload {
  readonly path: string;
  /** Null when the client sends none. */
  readonly contentType: string | null;
  readonly contentDisposition: string | null;
  /** The size the client announces, in bytes. */
  readonly contentLength: number | undefined;
  readonly body: ReadableStream<Uint8Array> | null;
  /** How long the next chunk may take, in milliseconds. */
  readonly bodyIdleMs: number;
}

/** A file that has been stored. */
export interface UploadedFile {
  readonly id: string;
  readonly 'location-id': string;
  readonly size: number;
}

const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;
const UNKNOWN_TYPE = 'application/octet-stream';

/**
 * Stores a file. A file that already exists at its path gets the new content and keeps its id; readers see either the
 * old or the new content. Rules are not checked.
 *
 * @throws {ServerError} when the file is too large or arrives incomplete; nothing has changed then.
 */
export async function uploadFile(app: FileApp, upload: Upload): Promise<UploadedFile> {
  app.assertWritable();
  const place: Place = { appId: app.identity.id, locationId: app.host.newId() };
  const size = await keepContent(app, place, upload);
  try {
    return { id: putRow(app, place, size, upload), 'location-id': place.locationId, size };
  } catch (error) {
    await app.host.files.content.delete(place);
    throw error;
  }
}

async function keepContent({ host, account }: FileApp, place: Place, upload: Upload): Promise<number> {
  const { content, maxBytes } = host.files;
  try {
    if ((upload.contentLength ?? 0) > maxBytes) throw new FileTooLargeError(maxBytes);
    return await content.write(place, withinQuota(account, whole(upload)), maxBytes);
  } catch (error) {
    void discard(upload);
    if (!(error instanceof FileTooLargeError) && !(error instanceof UploadBrokeOffError)) throw error;
    throw validationFailed('file', upload.path, [{ message: error.message }]);
  }
}

/**
 * Drains the rest of an unwanted body, because a client may not read the answer before it has sent everything. An
 * overlong one is cut off.
 */
async function discard({ body, bodyIdleMs }: Upload): Promise<void> {
  let bytes = 0;
  try {
    for await (const piece of readBody(body, bodyIdleMs)) {
      bytes += piece.byteLength;
      if (bytes >= MAX_DISCARDED_BYTES) break;
    }
    await body?.cancel();
  } catch {
    // The client disconnected or stopped sending.
  }
}

/**
 * Counts an upload against the quota as it arrives, so that concurrent uploads cannot exceed it together. The `$files`
 * row takes over the count at the end.
 */
async function* withinQuota(account: Account, body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let taken = 0;
  try {
    for await (const chunk of body) {
      account.assertRoom(chunk.byteLength);
      account.grow(chunk.byteLength);
      taken += chunk.byteLength;
      yield chunk;
    }
  } finally {
    account.grow(-taken);
  }
}

class UploadBrokeOffError extends Error {
  constructor(cause?: unknown) {
    super('The upload broke off before the file was whole', { cause });
    this.name = 'UploadBrokeOffError';
  }
}

/** The bytes of an upload; throws if fewer or more arrive than announced. */
async function* whole({ body, bodyIdleMs, contentLength }: Upload): AsyncIterable<Uint8Array> {
  const pieces = readBody(body, bodyIdleMs);
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await pieces.next().catch((cause: unknown) => {
        throw cause instanceof BodyBrokeOffError ? new UploadBrokeOffError(cause) : cause;
      });
      if (done) break;
      bytes += value.byteLength;
      yield value;
    }
  } finally {
    await pieces.return();
  }
  // Some runtimes report a lost connection as the end of the body.
  if (contentLength !== undefined && bytes !== contentLength) throw new UploadBrokeOffError();
}

function putRow(app: FileApp, { locationId }: Place, size: number, upload: Upload): string {
  const id = findRecord(app, '$files', 'path', upload.path)?.id ?? app.host.newId();
  const values = {
    path: upload.path,
    size,
    'content-type': upload.contentType ?? UNKNOWN_TYPE,
    'content-disposition': upload.contentDisposition,
    'location-id': locationId,
    'key-version': 1,
  };
  write(app, stepsToPut(app, '$files', id, values));
  return id;
}
