import { InstantNodeError } from '../../../errors.ts';
import type { BatchLimit, StorageChange, StorageDriver, StorageOptions } from '../../contract.ts';
import { joinKey } from '../record-key.ts';
import { deadline } from './deadline.ts';
import { type RedisConfig, resolveRedisConfig } from './redis-config.ts';
import { ANSWER_MS, RedisLink } from './redis-link.ts';
import { RedisUnreachable } from './redis-refusal.ts';
import { RedisWriter } from './redis-writer.ts';
import { keysOf, ScopeLease } from './scope-lease.ts';
import { GET, LIST, type RedisScript } from './scripts.ts';
import { MOST_CHANGES, MOST_CHARACTERS } from './staging.ts';

/**
 * Stores records on a Redis server or cluster, in one hash per scope: `<prefix>:{<scope>}:records`. Connects at once,
 * and reconnects whenever the connection is lost.
 *
 * A call is answered by the server, or rejects with code `storage` after 5 seconds without an answer from it; whatever
 * a rejected batch had done before its answer was lost is undone. A batch that is too large for one script is sent by
 * several, under a key of its own, and applied by one. A call waits longer only while another holder has the scope:
 * with `whenLocked` `'wait'` until it is released, otherwise until it is clear that the holder is alive, at most 5
 * seconds. The scope of a process that died is free 5 seconds after its last sign of life.
 *
 * @throws {InstantNodeError} `invalid-config`, and `missing-dependency` when the package `ioredis` is not installed.
 * All other failures are reported by the calls: `storage-locked`, `storage`.
 */
export function openRedisStorage(config: RedisConfig, options: StorageOptions): StorageDriver {
  return new RedisStorage(config, options);
}

/** How many records one script reads. */
const MOST_RECORDS = 500;

/** Keys that are requested in one turn of the event loop, and their records. */
interface Reading {
  readonly keys: string[];
  readonly records: Promise<(string | null)[]>;
}

class RedisStorage implements StorageDriver {
  readonly name: string = 'redis';
  readonly durable: boolean = true;
  readonly maxBatch: BatchLimit = { records: MOST_CHANGES, bytes: MOST_CHARACTERS };
  readonly #link: RedisLink;
  readonly #lease: ScopeLease;
  readonly #writer: RedisWriter;
  /** Settles when every read called so far has settled. */
  #reads: Promise<unknown> = Promise.resolve();
  #reading: Reading | undefined;
  #disposed: Promise<void> | undefined;

  constructor(config: RedisConfig, options: StorageOptions) {
    const resolved = resolveRedisConfig(config);
    const keys = keysOf(resolved.prefix, joinKey(options.scope.appId, options.scope.instanceKey));
    this.#link = new RedisLink(resolved, options, {
      up: () => this.#lease.settle(),
      down: () => this.#lease.unsettle(),
    });
    this.#lease = new ScopeLease(this.#link, keys, options);
    this.#writer = new RedisWriter(this.#link, this.#lease);
    this.#lease.settle();
  }

  async get(key: string): Promise<string | null> {
    this.#assertOpen();
    this.#reading ??= this.#beginReading();
    const { keys, records } = this.#reading;
    const index = keys.push(key) - 1;
    return (await records)[index] ?? null;
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    this.#assertOpen();
    // Reads from here on must see the batch.
    this.#reading = undefined;
    const batch = this.#writer.add(changes, this.#reads);
    const cancel = this.#deadline(() => batch.abandon(this.#noAnswer()));
    await batch.done.finally(cancel);
  }

  async keys(): Promise<string[]> {
    this.#assertOpen();
    return (await this.#read(() => this.#run(LIST, []))) as string[];
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    // The holder of the scope may keep it for as long as it likes.
    await Promise.race([this.#writer.idle(), this.#lease.contended]);
    await this.#lease.release(this.#closed());
    this.#link.end();
  }

  /** Reads the state after every batch called so far, and before any called later. */
  async #read<Reply>(read: () => Promise<Reply>): Promise<Reply> {
    const reply = this.#answered(this.#writer.idle().then(read));
    this.#reads = Promise.allSettled([this.#reads, reply]);
    return reply;
  }

  #beginReading(): Reading {
    const keys: string[] = [];
    const records = this.#read(async () => {
      if (this.#reading?.keys === keys) this.#reading = undefined;
      const found: (string | null)[] = [];
      while (found.length < keys.length) {
        const some = keys.slice(found.length, found.length + MOST_RECORDS);
        found.push(...((await this.#run(GET, some)) as (string | null)[]));
      }
      return found;
    });
    return { keys, records };
  }

  async #answered<Reply>(reply: Promise<Reply>): Promise<Reply> {
    let cancel = (): void => {};
    const expired = new Promise<never>((_, reject) => {
      cancel = this.#deadline(() => reject(this.#noAnswer()));
    });
    try {
      return await Promise.race([reply, expired]);
    } finally {
      cancel();
    }
  }

  async #run(script: RedisScript, args: readonly string[]): Promise<unknown> {
    for (;;) {
      const token = await this.#lease.owned();
      try {
        const reply = await this.#link.run(script, this.#lease.keys, [token, ...args]);
        if (reply !== 0) return reply;
      } catch (error) {
        if (!(error instanceof RedisUnreachable)) throw error;
      }
      this.#lease.unsettle(token);
    }
  }

  #deadline(expire: () => void): () => void {
    return deadline(ANSWER_MS, expire, {
      isExcused: () => this.#lease.isContended && !this.#disposed,
      isExpected: () => this.#link.isBusy,
      progress: () => this.#writer.progress,
    });
  }

  #noAnswer(): InstantNodeError {
    return new InstantNodeError(
      'storage',
      `Cannot use ${this.#link.subject}: it has not answered for ${ANSWER_MS / 1000} s`,
      { hint: 'Start the server, or see why it cannot be reached', cause: this.#link.lastFailure },
    );
  }

  #closed(): InstantNodeError {
    return new InstantNodeError('storage', `Cannot use ${this.#link.subject}: it is closed`);
  }

  #assertOpen(): void {
    if (this.#disposed) throw this.#closed();
  }
}
