import { Buffer } from 'node:buffer';
import type { Send } from '../../drivers/requests/send.ts';
import { InstantNodeError } from '../../errors.ts';

/** Several messages go in one post up to this many bytes; a longer one goes alone. */
const MAX_POST_BYTES = 1024 * 1024;

/** What a post is made of, besides messages. */
export interface PostOptions {
  readonly url: string;
  readonly send: Send;
  readonly hold: boolean;
  /** The members that say which session it is for. */
  session(): object;
  /** A post failed; what it held and all that waits is not delivered. Called at most once. */
  failed(cause: unknown, status?: number): void;
}

/** Sends messages by posts, in order: one post at a time, with all that has come together meanwhile. */
export class PostQueue {
  readonly #options: PostOptions;
  readonly #abort = new AbortController();
  #waiting: { text: string; bytes: number }[] = [];
  #waitingBytes = 0;
  #unsentBytes = 0;
  #underWay: Promise<void> | undefined;

  constructor(options: PostOptions) {
    this.#options = options;
  }

  /** How many bytes wait, or are in a post that the system has not taken in full. */
  get bufferedBytes(): number {
    return this.#waitingBytes + this.#unsentBytes;
  }

  /** Whether the server has yet to answer something that was pushed. */
  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** Sends a message, as JSON; returns its length in bytes. */
  push(text: string): number {
    const bytes = Buffer.byteLength(text);
    this.#waiting.push({ text, bytes });
    this.#waitingBytes += bytes;
    // With those that are sent in the same turn.
    this.#underWay ??= Promise.resolve().then(() => this.#run());
    return bytes;
  }

  /** Resolves once everything was answered, or nothing more will be. */
  async done(): Promise<void> {
    await this.#underWay;
  }

  /** Gives up what waits, and the post under way. */
  abort(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && !this.#abort.signal.aborted) await this.#post(this.#taken());
    } catch (cause) {
      const isHere = this.#abort.signal.aborted;
      this.abort();
      if (!isHere) this.#options.failed(cause, cause instanceof PostRefused ? cause.status : undefined);
    } finally {
      this.#unsentBytes = 0;
      this.#underWay = undefined;
    }
  }

  #taken(): string[] {
    const texts: string[] = [];
    let total = 0;
    for (const { text, bytes } of this.#waiting) {
      if (texts.length > 0 && total + bytes > MAX_POST_BYTES) break;
      texts.push(text);
      total += bytes;
    }
    this.#waiting = this.#waiting.slice(texts.length);
    this.#waitingBytes -= total;
    return texts;
  }

  async #post(texts: readonly string[]): Promise<void> {
    const { url, send, hold } = this.#options;
    const session = JSON.stringify(this.#options.session()).slice(1, -1);
    const body = `{${session},"messages":[${texts.join(',')}]}`;
    this.#unsentBytes = Buffer.byteLength(body);
    const answer = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...{ hold, signal: this.#abort.signal },
      sent: (bytes) => {
        this.#unsentBytes = Math.max(this.#unsentBytes - bytes, 0);
      },
    });
    // A connection is not free before its answer is read.
    await answer.text();
    if (!answer.ok) throw new PostRefused(answer.status);
  }
}

/** The server did not take a post. */
class PostRefused extends InstantNodeError {
  readonly status: number;

  constructor(status: number) {
    super('connection-failed', `The server answered a post of messages with status ${status}`);
    this.status = status;
  }
}
