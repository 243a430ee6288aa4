import type { JsonValue } from '../../protocol/json.ts';

/** An answer whose fields tests examine. */
export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the fields are is what tests are about
  readonly body: any;
}

/** Sends JSON to a backend and parses the JSON answer. For tests. */
export class HttpClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  /** The same client with additional headers. */
  with(headers: Readonly<Record<string, string>>): HttpClient {
    return new HttpClient(this.#url, { ...this.#headers, ...headers });
  }

  /** The same client with a token. */
  as(token: string): HttpClient {
    return this.with({ authorization: `Bearer ${token}` });
  }

  get(path: string): Promise<Reply> {
    return this.send('GET', path);
  }

  post(path: string, body: JsonValue = {}): Promise<Reply> {
    return this.send('POST', path, body);
  }

  delete(path: string, body?: JsonValue): Promise<Reply> {
    return this.send('DELETE', path, body);
  }

  async send(method: string, path: string, body?: JsonValue): Promise<Reply> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { 'content-type': 'application/json', ...this.#headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }
}
