import type { Logger } from '@instantdb/core';
import { type Hidden, redact, redactInPlace } from './redact.ts';

/** Fields of core's messages, options and users that hold a secret. */
const NAMES: ReadonlySet<string> = new Set([
  'refresh-token',
  'refresh_token',
  'refreshToken',
  '__admin-token',
  '__adminToken',
  'adminToken',
  'authorization',
  'sse_token',
  'sse-token',
  'sseToken',
  'reconnect-token',
  'encryptionKey',
]);
const NO_NAMES: ReadonlySet<string> = new Set();

/** Shorter secrets would be found in unrelated texts; a magic code has six digits. */
const SHORTEST = 6;
/** How many texts are remembered, those of signed-out users included: an answer to what they did may still come. */
const MOST = 16;

/** The secrets that a database knows, to keep them out of everything it reports: they are found by value. */
export class Secrets {
  readonly #lasting: readonly string[];
  #recent: readonly string[] = [];

  /** `lasting` are the secrets that stay the same; undefined ones are ignored. */
  constructor(...lasting: readonly unknown[]) {
    this.#lasting = textsOf(lasting);
  }

  /** Notes a secret that is in use now. */
  note(secret: unknown): void {
    const texts = textsOf([secret]);
    if (texts.length === 0 || texts.every((text) => this.#recent.includes(text))) return;
    this.#recent = [...this.#recent.filter((text) => !texts.includes(text)), ...texts].slice(-MOST);
  }

  /**
   * `value` without the secrets, and without `more` that only this caller knows. An error stays the same object;
   * anything else that held one is copied.
   */
  leaveOut<T>(value: T, more: readonly unknown[] = []): T {
    return redactInPlace(value, this.#hidden(NO_NAMES, more));
  }

  /** Wraps `logger` so that it never sees a secret: core logs the messages it sends as they are. */
  redacting(logger: Logger): Logger {
    const shown = (args: unknown[]): unknown[] => {
      const hidden = this.#hidden(NAMES, []);
      return args.map((arg) => redact(arg, hidden));
    };
    return {
      info: (...args) => logger.info(...shown(args)),
      debug: (...args) => logger.debug(...shown(args)),
      error: (...args) => logger.error(...shown(args)),
    };
  }

  #hidden(names: ReadonlySet<string>, more: readonly unknown[]): Hidden {
    return { names, texts: [...this.#lasting, ...this.#recent, ...textsOf(more)] };
  }
}

/** The forms in which secrets may occur in a text: as they are, in JSON, and in a URL. */
function textsOf(secrets: readonly unknown[]): string[] {
  const texts = secrets.flatMap((secret) => {
    if (typeof secret !== 'string' || secret.length < SHORTEST) return [];
    // Not encodeURIComponent, which throws for halves of surrogate pairs.
    const inAddress = new URLSearchParams([['', secret]]).toString().slice(1);
    return [secret, JSON.stringify(secret).slice(1, -1), inAddress];
  });
  return [...new Set(texts)];
}
