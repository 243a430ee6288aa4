import type { ClientRequest } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { InstantNodeError } from '../../errors.ts';
import type { ProxyServer } from '../contract.ts';

/** How one request gets through a proxy, if it has one: tells failures of the proxy from those of the server behind it. */
export class ProxyPassage {
  readonly #proxy: ProxyServer | undefined;
  readonly #url: string;
  #isThrough = false;
  #refusal: InstantNodeError | undefined;

  constructor(proxy: ProxyServer | undefined, url: string) {
    this.#proxy = proxy;
    this.#url = url;
  }

  /** Listens to what the tunnel's agent says of a request; `refused` is called for a proxy that makes no tunnel. */
  watch(request: ClientRequest, refused: (error: InstantNodeError) => void = () => {}): void {
    request.once('proxyConnect', ({ statusCode }: { statusCode: number }) => {
      this.#isThrough = statusCode === 200;
      if (!this.#isThrough) refused(this.refuse(statusCode));
    });
    request.once('response', () => {
      this.#isThrough = true;
    });
  }

  /** The proxy's answer was its own, and no. */
  refuse(status: number): InstantNodeError {
    this.#refusal ??= this.#refused(status);
    return this.#refusal;
  }

  /** The error to tell for a request that failed; undefined when the proxy has no part in it. */
  failure(cause: Error): InstantNodeError | undefined {
    if (this.#refusal) return this.#refusal;
    if (!this.#proxy || this.#isThrough) return undefined;
    const { code } = cause as { code?: unknown };
    const why = typeof code === 'string' ? ` (${code})` : '';
    return new InstantNodeError(
      'connection-failed',
      `Cannot reach "${this.#target}": no answer from the proxy "${this.#proxy.origin}"${why}`,
      { hint: 'See whether the proxy runs and can be reached from here', cause },
    );
  }

  get #target(): string {
    return new URL(this.#url).host;
  }

  #refused(status: number): InstantNodeError {
    const words = STATUS_CODES[status];
    const answer = words === undefined ? String(status) : `${status} ${words}`;
    return new InstantNodeError(
      'connection-failed',
      `Cannot reach "${this.#target}": the proxy "${this.#proxy?.origin}" answered ${answer}`,
      {
        hint:
          status === 407
            ? 'Put a user and password that the proxy accepts into its URL: http://user:password@host:port'
            : 'See whether the proxy lets this process through to that host and port',
      },
    );
  }
}
