import { setTimeout } from 'node:timers';
import { InstantNodeError } from '../../../errors.ts';
import type { StorageOptions } from '../../contract.ts';
import { deadline } from './deadline.ts';
import { openRedisClient, type RedisClient } from './redis-client.ts';
import { placeOf, type ResolvedRedisConfig, secretsOf } from './redis-config.ts';
import type { RedisConnections } from './redis-connections.ts';
import { RedisUnreachable, refusalOf, withoutSecrets } from './redis-refusal.ts';
import type { RedisScript } from './scripts.ts';

/** How long a server may take to answer or to accept a connection. */
export const ANSWER_MS = 5_000;
/**
 * The additional time, for each change of a script that makes a great many. Without other load it takes a hundredth of
 * that.
 */
const CHANGE_MS = 0.5;
/** The delay before a busy server is tried again. */
export const TRY_AGAIN_MS = 100;

/** What the connection can be used for. Losing it ends any state that depended on it. */
type State =
  /** Nothing: there is no connection, or the server has refused the database. */
  | { readonly is: 'away' }
  /** It is established, and the database is being selected. */
  | { readonly is: 'choosing' }
  | { readonly is: 'up' }
  | { readonly is: 'ended' };

/** Why the server has not answered since it last did. */
interface Outage {
  readonly cause: Error;
  isReported: boolean;
}

/**
 * A connection that is re-established: runs scripts while it is up, fails at once when it is not, and never waits for
 * long.
 */
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

  /** The last failure of the connection. */
  get lastFailure(): Error | undefined {
    return this.#outage?.cause;
  }

  get isUp(): boolean {
    return this.#isReady && this.#state.is === 'up';
  }

  /** Whether the server is running a script that makes a great many changes, and has not exceeded the time for it. */
  get isBusy(): boolean {
    return this.#longRuns > 0;
  }

  get #isReady(): boolean {
    return this.#client.status === 'ready' && this.#state.is !== 'ended';
  }

  /**
   * Resolves when the server can be used, or the link has ended. Rejects when the server refuses the connection, or the
   * database.
   */
  async whenUp(): Promise<void> {
    if (this.isUp || this.#state.is === 'ended') return;
    // It was refused before, and may not be now.
    if (this.#isReady) this.#choose();
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /**
   * Runs a script on the server, which can answer nothing else meanwhile: a script that makes a great many changes is
   * given more time, and so is everything called in the meantime.
   *
   * @throws {RedisUnreachable} when there is no answer. The script may have run.
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
      // It may have been the primary until now, so reconnect: its name may lead to another server.
      else if (/\bREADONLY\b/.test(String(refusal.cause))) this.#connections.cut();
      throw refusal;
    }
  }

  /** Closes the connection at once. Repeatable. */
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

  /** Drops the connection to a silent server: what became of the script is found out on the next connection. */
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

  /** For sentinels and clusters, `ioredis` itself waits indefinitely for a server's first answer. */
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
   * `ioredis` selects the database by itself, but sends the next commands without waiting for the answer, and keeps
   * using a connection on which that failed, in database 0. So nothing is sent before the answer to this select has
   * come.
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
    // For a cluster, the error says that all nodes have failed, and contains the last one's error.
    const own = (error as { lastNodeError?: unknown } | undefined)?.lastNodeError ?? error;
    const refusal = refusalOf(own, this.subject, this.#secrets);
    this.#noteFailure(withoutSecrets(own, this.#secrets));
    if (!(refusal instanceof RedisUnreachable)) this.#wake(refusal);
  }

  #noteFailure(cause: Error): void {
    this.#outage = { cause, isReported: this.#outage?.isReported ?? false };
  }

  /** Once per outage: again only after the server has answered. */
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

/** Does not keep the process running. */
export function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
