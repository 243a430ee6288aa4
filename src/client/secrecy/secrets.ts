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

/** Shorter ones are found in texts that have nothing to do with them; a magic code has six digits. */
const SHORTEST = 6;
/** Those of users who have signed out go: an answer to what they did may still come. */
const MOST = 16;

/** The secrets that a database knows, so that none is in what it tells: they are looked for by their values. */
export class Secrets {
  readonly #lasting: readonly string[];
  #recent: readonly string[] = [];

  /** `lasting` are those that stay the same; what is undefined is none. */
  constructor(...lasting: readonly unknown[]) {
    this.#lasting = textsOf(lasting);
  }

  /** Notes one of now. */
  note(secret: unknown): void {
    const texts = textsOf([secret]);
    if (texts.length === 0 || texts.every((text) => this.#recent.includes(text))) return;
    this.#recent = [...this.#recent.filter((text) => !texts.includes(text)), ...texts].slice(-MOST);
  }

  /**
   * `value` without the secrets, and without `more` that only this caller knows. An error stays the same object, and all
   * else is copied where it held one.
   */
  leaveOut<T>(value: T, more: readonly unknown[] = []): T {
    return redactInPlace(value, this.#hidden(NO_NAMES, more));
  }

  /** A logger like `logger` that never gets to see a secret: core logs the messages it sends as they are. */
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

/** Secrets as they may stand in a text: as they are, in JSON, and in an address. */
function textsOf(secrets: readonly unknown[]): string[] {
  const texts = secrets.flatMap((secret) => {
    if (typeof secret !== 'string' || secret.length < SHORTEST) return [];
    // Not encodeURIComponent, which throws for halves of surrogate pairs.
    const inAddress = new URLSearchParams([['', secret]]).toString().slice(1);
    return [secret, JSON.stringify(secret).slice(1, -1), inAddress];
  });
  return [...new Set(texts)];
}
