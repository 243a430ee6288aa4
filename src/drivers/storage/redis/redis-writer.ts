import { type InstantNodeError, isInstantNodeError, withOutcome } from '../../../errors.ts';
import type { StorageChange } from '../../contract.ts';
import type { RedisLink } from './redis-link.ts';
import { isPartial, RedisUnreachable } from './redis-refusal.ts';
import type { ScopeLease } from './scope-lease.ts';
import { WRITE } from './scripts.ts';
import {
  type BatchArgs,
  clearStaged,
  isTooLarge,
  MOST_CHANGES,
  MOST_CHARACTERS,
  writeStaged,
} from './staging.ts';

interface Batch extends BatchArgs {
  /** Reads that were called earlier and must not see it. */
  readonly after: Promise<unknown>;
  /** The most of its changes that the server has received, for a batch that is sent in parts. */
  brought: number;
  /** Whether the server may have applied it under a token that was given up. */
  isUnsure: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** A batch that waits to be applied. */
export interface PendingBatch {
  readonly done: Promise<void>;
  /** Rejects it, unless it is done. Anything that the server has applied of it is undone. */
  abandon(error: InstantNodeError): void;
}

/**
 * Applies batches in the order in which they came, one script at a time: those that come while one is in flight go
 * together in the next. A script whose answer is lost is sent again, and never applied twice.
 */
export class RedisWriter {
  readonly #link: RedisLink;
  readonly #lease: ScopeLease;
  readonly #queue: Batch[] = [];
  #sent: readonly Batch[] = [];
  /** How many batches at the head of the queue must be sent one by one, because the server refused them together. */
  #apart = 0;
  #last: Promise<unknown> = Promise.resolve();
  #isRunning = false;
  #progress = 0;
  #token: string | undefined;

  constructor(link: RedisLink, lease: ScopeLease) {
    this.#link = link;
    this.#lease = lease;
  }

  /**
   * Adds a batch, to be applied when `after` has settled. Batches with no other call between them share the same
   * `after`.
   */
  add(changes: readonly StorageChange[], after: Promise<unknown>): PendingBatch {
    const args = changes.flatMap(([key, record]) => (record === null ? ['-', key, ''] : ['+', key, record]));
    const characters = args.reduce((sum, arg) => sum + arg.length, 0);
    let batch: Batch | undefined;
    const done = new Promise<void>((resolve, reject) => {
      batch = { after, args, characters, brought: 0, isUnsure: false, resolve, reject };
      this.#queue.push(batch);
    });
    this.#last = done.catch(() => {});
    void this.#run();
    return { done, abandon: (error) => batch && this.#abandon(batch, error) };
  }

  /** Rises whenever the server has made progress with what is waiting. */
  get progress(): number {
    return this.#progress;
  }

  /** Resolves when every batch added so far is done or has failed. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#queue.length > 0) {
      try {
        await this.#queue[0]?.after;
        await this.#next(await this.#owned());
      } catch (error) {
        for (const batch of this.#queue.splice(0)) batch.reject(batch.isUnsure ? error : notDone(error));
      }
    }
    this.#isRunning = false;
  }

  /** A new token means that everything uncertain under the old one has been undone. */
  async #owned(): Promise<string> {
    const token = await this.#lease.owned();
    if (token !== this.#token) for (const batch of this.#queue) batch.isUnsure = false;
    this.#token = token;
    return token;
  }

  async #next(token: string): Promise<void> {
    const group = this.#take();
    if (group.length === 0 || !this.#lease.isCurrent(token)) return;
    this.#sent = group;
    const large = group.find(isTooLarge);
    try {
      const reply = await (large ? this.#bring(token, large) : this.#send(token, group));
      // Once the token is given up, whatever the server has applied is undone, and what still waits is sent again.
      if (!this.#lease.isCurrent(token)) {
        if (reply !== 0) unsure(group);
        return;
      }
      if (reply === 0) return this.#lease.unsettle(token);
      if (reply === 1) this.#lease.acknowledge();
      this.#done(group);
      if (large) await clearStaged(this.#link, this.#lease, token);
    } catch (error) {
      if (error instanceof RedisUnreachable || isPartial(error)) {
        unsure(group);
        this.#lease.unsettle(token);
      }
      if (!(error instanceof RedisUnreachable)) this.#refused(group, error);
    } finally {
      this.#sent = [];
    }
  }

  #send(token: string, group: readonly Batch[]): Promise<unknown> {
    const head = [token, ...this.#lease.terms, String(this.#lease.nextSeq)];
    return this.#link.run(WRITE, this.#lease.keys, [...head, ...group.flatMap((batch) => batch.args)]);
  }

  #bring(token: string, batch: Batch): Promise<unknown> {
    const staged = (changes: number): void => {
      // Sending the same part again is not progress.
      if (changes > batch.brought) this.#progress++;
      batch.brought = Math.max(batch.brought, changes);
    };
    return writeStaged({ link: this.#link, lease: this.#lease, staged }, token, batch);
  }

  #take(): Batch[] {
    if (this.#apart > 0) return this.#queue.slice(0, 1);
    const after = this.#queue[0]?.after;
    let changes = 0;
    let characters = 0;
    const end = this.#queue.findIndex((batch, index) => {
      changes += batch.args.length / 3;
      characters += batch.characters;
      return index > 0 && (batch.after !== after || changes > MOST_CHANGES || characters > MOST_CHARACTERS);
    });
    return end < 0 ? [...this.#queue] : this.#queue.slice(0, end);
  }

  #done(group: readonly Batch[]): void {
    this.#progress++;
    this.#queue.splice(0, group.length);
    this.#apart = Math.max(0, this.#apart - group.length);
    for (const batch of group) batch.resolve();
  }

  #refused(group: readonly Batch[], error: unknown): void {
    if (group.length > 1) {
      this.#apart = group.length;
      return;
    }
    this.#apart = Math.max(0, this.#apart - 1);
    const [batch] = group;
    if (!batch || this.#queue[0] !== batch) return;
    this.#queue.shift();
    batch.reject(error);
  }

  #abandon(batch: Batch, error: InstantNodeError): void {
    const index = this.#queue.indexOf(batch);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    if (this.#sent.includes(batch)) this.#lease.unsettle();
    batch.reject(error);
  }
}

function unsure(group: readonly Batch[]): void {
  for (const batch of group) batch.isUnsure = true;
}

/** Marks the loss of the scope as the outcome of a batch that no one will find. */
function notDone(error: unknown): unknown {
  return isInstantNodeError(error, 'storage-locked') ? withOutcome(error, 'not-applied') : error;
}
