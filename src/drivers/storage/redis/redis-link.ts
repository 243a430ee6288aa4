import { setTimeout } from 'node:timers';
import { InstantNodeError } from '../../../errors.ts';
import type { StorageOptions } from '../../contract.ts';
import { deadline } from './deadline.ts';
import { openRedisClient, type RedisClient } from './redis-client.ts';
import { placeOf, type ResolvedRedisConfig, secretsOf } from './redis-config.ts';
import type { RedisConnections } from './redis-connections.ts';
import { RedisUnreachable, refusalOf, withoutSecrets } from './redis-refusal.ts';
import type { RedisScript } from './scripts.ts';

/** How long a server may take to answer or to let a connection in. */
export const ANSWER_MS = 5_000;
/** How much longer, for each change of a script that makes very many. Without other load it takes a hundredth. */
const CHANGE_MS = 0.5;
/** How soon a server that is busy is asked again. */
export const TRY_AGAIN_MS = 100;

/** What can be done with the connection. Each that is lost leaves the state that belonged to it. */
type State =
  /** Nothing: there is none, or the server has refused the database. */
  | { readonly is: 'away' }
  /** It is there, and the database is being chosen on it. */
  | { readonly is: 'choosing' }
  | { readonly is: 'up' }
  | { readonly is: 'ended' };

/** What has kept the server from answering since it last did. */
interface Outage {
  readonly cause: Error;
  isReported: boolean;
}

/** A connection that comes back: runs scripts while it is there, says so when it is not, and never waits for long. */
export class RedisLink {
  /** For messages: `storage "redis" at "127.0.0.1:6379"`. */
  readonly subject: string;
  readonly #secrets: readonly string[];
  readonly #options: Pick<StorageOptions, 'report'>;
  readonly #listeners: { up(): void; down(): void };
  readonly #client: RedisClient;
  readonly #connections: RedisConnections;
  readonly #database: number;
  #state: State = { is: 'away' };
  #outage: Outage | undefined;
  #longRuns = 0;
  #waiting: { resolve(): void; reject(error: InstantNodeError): void }[] = [];
  #stopWaiting = (): void => {};

  constructor(
    config: ResolvedRedisConfig,
    options: Pick<StorageOptions, 'report' | 'hold'>,
    listeners: { up(): void; down(): void },
  ) {
    this.subject = `storage "redis" at "${placeOf(config)}"`;
    this.#secrets = secretsOf(config);
    this.#database = config.database;
    this.#options = options;
    this.#listeners = listeners;
    const { client, connections } = this.#make(config, options.hold);
    this.#client = client;
    this.#connections = connections;
    client.on('connect', () => this.#expectReady());
    client.on('ready', () => this.#choose());
    client.on('close', () => this.#down());
    client.on('error', (error: unknown) => this.#failed(error));
  }

  /** What the connection last failed with. */
  get lastFailure(): Error | undefined {
    return this.#outage?.cause;
  }

  get isUp(): boolean {
    return this.#isReady && this.#state.is === 'up';
  }

  /** Whether the server has a script to run that makes very many changes, and not for longer than that may take. */
  get isBusy(): boolean {
    return this.#longRuns > 0;
  }

  get #isReady(): boolean {
    return this.#client.status === 'ready' && this.#state.is !== 'ended';
  }

  /**
   * Resolves when the server can be asked, or the link has ended. Rejects when the server does not let it in, or not into
   * the database.
   */
  async whenUp(): Promise<void> {
    if (this.isUp || this.#state.is === 'ended') return;
    // It was refused before, and may not be now.
    if (this.#isReady) this.#choose();
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /**
   * Runs a script on the server, which keeps it from answering anything else: one that makes very many changes is
   * waited for longer, and so is what was called meanwhile.
   *
   * @throws {RedisUnreachable} when there is no answer. The script may have been run.
   * @throws {InstantNodeError} `storage` when the server refuses. A script that changes several things may have begun.
   */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
    changes = 0,
  ): Promise<unknown> {
    if (!this.isUp) throw new RedisUnreachable('The connection is not there', { cause: this.lastFailure });
    try {
      const reply = await this.#answered(evaluate(this.#client, script, keys, args), changes);
      this.#outage = undefined;
      return reply;
    } catch (error) {
      const refusal =
        error instanceof RedisUnreachable ? error : refusalOf(error, this.subject, this.#secrets);
      if (refusal instanceof RedisUnreachable) this.#reportOnce(refusal);
      // It may have been the primary until now: the name may lead to another server.
      else if (/\bREADONLY\b/.test(String(refusal.cause))) this.#connections.cut();
      throw refusal;
    }
  }

  /** Ends the connection at once. Repeatable. */
  end(): void {
    if (this.#state.is === 'ended') return;
    this.#state = { is: 'ended' };
    this.#stopWaiting();
    this.#connections.end();
    this.#wake();
  }

  #make(config: ResolvedRedisConfig, hold: boolean): ReturnType<typeof openRedisClient> {
    try {
      return openRedisClient(config, {
        hold,
        connectTimeoutMs: ANSWER_MS,
        unneededPassword: () => this.#unneededPassword(),
      });
    } catch (error) {
      if (error instanceof InstantNodeError) throw error;
      throw new InstantNodeError(
        'invalid-config',
        `Cannot open ${this.subject}: ioredis refuses its options`,
        { cause: withoutSecrets(error, this.#secrets) },
      );
    }
  }

  /** A server that says nothing is left: what it still does with the script is found out on the next connection. */
  async #answered(reply: Promise<unknown>, changes = 0): Promise<unknown> {
    let cancel = (): void => {};
    const isLong = changes > 0;
    const silence = new Promise<never>((_, reject) => {
      cancel = deadline(ANSWER_MS + changes * CHANGE_MS, () => reject(this.#silent()), {
        hold: false,
        isExpected: () => !isLong && this.isBusy,
      });
    });
    if (isLong) this.#longRuns++;
    try {
      return await Promise.race([reply, silence]);
    } finally {
      cancel();
      if (isLong) this.#longRuns--;
    }
  }

  /** Of sentinels and clusters, `ioredis` waits for the first words of a server for as long as it takes. */
  #expectReady(): void {
    this.#stopWaiting();
    const expire = (): void => {
      if (this.#client.status !== 'ready') this.#noteFailure(this.#silent());
    };
    this.#stopWaiting = deadline(ANSWER_MS, expire, { hold: false });
  }

  #silent(): RedisUnreachable {
    this.#connections.cut();
    return new RedisUnreachable(`The server has not answered for ${ANSWER_MS / 1000} s`);
  }

  /**
   * `ioredis` chooses the database of its own accord, but sends what follows without waiting for the answer, and leaves a
   * connection on which that failed in database 0. Nothing is sent before the answer to this is there.
   */
  #choose(): void {
    this.#stopWaiting();
    if (this.#state.is === 'ended' || this.#state.is === 'choosing') return;
    if (this.#database === 0) this.#up();
    else void this.#select();
  }

  async #select(): Promise<void> {
    const choosing: State = { is: 'choosing' };
    this.#state = choosing;
    const isDue = (): boolean => this.#state === choosing;
    for (; this.#isReady && isDue(); await later(TRY_AGAIN_MS)) {
      try {
        await this.#answered(this.#client.select?.(this.#database) ?? Promise.resolve());
        if (isDue()) this.#up();
        return;
      } catch (error) {
        const refusal = refusalOf(error, this.subject, this.#secrets);
        if (refusal instanceof RedisUnreachable) continue;
        if (isDue()) this.#state = { is: 'away' };
        return this.#wake(refusal);
      }
    }
    if (isDue()) this.#state = { is: 'away' };
  }

  #up(): void {
    this.#state = { is: 'up' };
    this.#wake();
    this.#listeners.up();
  }

  #down(): void {
    if (this.#state.is === 'ended') return;
    this.#state = { is: 'away' };
    this.#listeners.down();
    this.#reportOnce(this.lastFailure ?? new RedisUnreachable('The connection was lost'));
  }

  #failed(error: unknown): void {
    // Of a cluster, the error says that all nodes have failed, and has the last one's.
    const own = (error as { lastNodeError?: unknown } | undefined)?.lastNodeError ?? error;
    const refusal = refusalOf(own, this.subject, this.#secrets);
    this.#noteFailure(withoutSecrets(own, this.#secrets));
    if (!(refusal instanceof RedisUnreachable)) this.#wake(refusal);
  }

  #noteFailure(cause: Error): void {
    this.#outage = { cause, isReported: this.#outage?.isReported ?? false };
  }

  /** Once until the server has answered again. */
  #reportOnce(cause: Error): void {
    this.#outage ??= { cause, isReported: false };
    if (this.#outage.isReported || this.#state.is === 'ended') return;
    this.#outage.isReported = true;
    this.#options.report(
      new InstantNodeError('storage', `Cannot reach ${this.subject}: trying again until it answers`, {
        cause,
      }),
    );
  }

  #wake(error?: InstantNodeError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) error ? reject(error) : resolve();
  }

  #unneededPassword(): void {
    this.#options.report(
      new InstantNodeError('storage', `Asked for no password by ${this.subject}, though one is given`, {
        hint: 'Anybody who reaches the server can read it: let it ask for one',
      }),
    );
  }
}

async function evaluate(
  client: RedisClient,
  { text, digest }: RedisScript,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  try {
    return await client.evalsha(digest, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return client.eval(text, keys.length, ...keys, ...args);
  }
}

/** Holds no process. */
export function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
