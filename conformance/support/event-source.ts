import { readEventStream } from './event-stream.ts';

/** The least of an `EventSource` that core's SSE connection needs, over `fetch`: no runtime but Deno and Bun has one. */
export class FetchEventSource {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;

  readonly url: string;
  readyState: number = FetchEventSource.CONNECTING;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  readonly #abort = new AbortController();

  constructor(url: string) {
    this.url = url;
    void this.#read();
  }

  close(): void {
    this.readyState = FetchEventSource.CLOSED;
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    try {
      const { ok, body } = await fetch(this.url, { signal: this.#abort.signal });
      if (!ok || !body) throw new Error('It cannot be read');
      this.readyState = FetchEventSource.OPEN;
      this.onopen?.(new Event('open'));
      await readEventStream(body as unknown as AsyncIterable<Uint8Array>, {
        data: (data) => this.onmessage?.(new MessageEvent('message', { data })),
      });
    } catch {
      // An error is told in the same way as an end.
    }
    if (this.readyState === FetchEventSource.CLOSED) return;
    this.readyState = FetchEventSource.CONNECTING;
    this.onerror?.(new Event('error'));
  }
}
