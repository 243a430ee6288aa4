import type { Send } from '../../drivers/requests/send.ts';
import type { CalledApp } from './auth-calls.ts';
import { jsonCall, posting } from './json-call.ts';

/** A file that is sent: whatever `fetch` takes for a body, most of which have no type of their own. */
type Sendable = NonNullable<RequestInit['body']> & { readonly type?: string };

/** What may be said of a file. */
export interface FileDetails {
  readonly contentType?: string;
  readonly contentDisposition?: string;
}

/** The calls of the storage API, as core makes them, by this database's own `fetch`. */
export class FileCalls {
  readonly #send: Send;
  readonly #app: CalledApp;

  constructor(send: Send, app: CalledApp) {
    this.#send = send;
    this.#app = app;
  }

  upload(path: string, file: Sendable, token: unknown, details: FileDetails = {}): Promise<unknown> {
    const { appId } = this.#app;
    const { contentType, contentDisposition } = details;
    const headers: Record<string, string> = {
      'app-id': appId,
      app_id: appId,
      path,
      ...bearer(token),
      'content-type': contentType || String(file.type),
      ...(contentDisposition && { 'content-disposition': contentDisposition }),
    };
    return jsonCall(this.#send, this.#url('upload'), { method: 'PUT', headers, body: file });
  }

  async delete(path: string, token: unknown): Promise<unknown> {
    const headers = { 'content-type': 'application/json', ...bearer(token) };
    return this.#data(this.#named('files', path), { method: 'DELETE', headers });
  }

  async signedUploadUrl(fileName: unknown, token: unknown): Promise<unknown> {
    const body = { app_id: this.#app.appId, filename: fileName };
    return this.#data(this.#url('signed-upload-url'), posting(body, bearer(token)));
  }

  /** Uploads to an address that the server has named. */
  async uploadTo(url: string, file: Sendable): Promise<boolean> {
    const headers = { 'content-type': String(file.type) };
    const answer = await this.#send(url, { method: 'PUT', body: file, headers });
    // Nobody reads it, and a connection is not free before its answer is read.
    await answer.body?.cancel();
    return answer.ok;
  }

  async downloadUrl(path: string, token: unknown): Promise<unknown> {
    const headers = { 'content-type': 'application/json', ...bearer(token) };
    return this.#data(this.#named('signed-download-url', path), { method: 'GET', headers });
  }

  async #data(url: string, init: Parameters<Send>[1] & object): Promise<unknown> {
    const { data } = (await jsonCall(this.#send, url, init)) as { data: unknown };
    return data;
  }

  #named(endpoint: string, path: string): string {
    return `${this.#url(endpoint)}?app_id=${this.#app.appId}&filename=${encodeURIComponent(path)}`;
  }

  #url(endpoint: string): string {
    return `${this.#app.apiURI}/storage/${endpoint}`;
  }
}

function bearer(token: unknown): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
