import { clearInterval, setInterval } from 'node:timers';
import { InstantNodeError } from '../../../errors.ts';
import type { StorageOptions } from '../../contract.ts';
import { dropAnchor } from '../lock/anchor.ts';
import { holdHere, newOwner, seesProcesses } from '../lock/lock-owner.ts';
import { lifeOfHolder, nameOfHolder } from './holder.ts';
import { later, type RedisLink, TRY_AGAIN_MS } from './redis-link.ts';
import { RedisUnreachable } from './redis-refusal.ts';
import { ACQUIRE, RELEASE, RENEW } from './scripts.ts';

/** A scope is free after this much silence from its holder. */
const LEASE_MS = 5_000;
const RENEW_MS = 1_500;
/** How often to check whether the holder of a lease renews it. */
const LOOK_MS = 250;
/** How long an unresponsive server may delay the closing of a database. */
const RELEASE_MS = 1_000;

type State =
  /**
   * `epoch` and `acked`: the last epoch that was owned, and how many of its batches are known to be done.
   * `isContended`: by the server's last answer, another holder has the scope.
   */
  | { readonly is: 'unsettled'; readonly epoch: number; readonly acked: number; isContended: boolean }
  | { readonly is: 'owned'; readonly epoch: number; readonly token: string; acked: number }
  | { readonly is: 'ended'; readonly error: InstantNodeError };

/** Another holder has the scope, for `ms` from now unless it renews its lease. */
interface Held {
  readonly is: 'held';
  readonly holder: string;
  readonly ms: number;
}

type Reply =
  | { readonly is: 'owned'; readonly generation: number; readonly rolledBack: boolean }
  | Held
  | { readonly is: 'lost'; readonly holder: string };

/**
 * Ownership of a scope on the server. It is held under a token, a new one for each connection: a script that was sent
 * with an earlier token and arrives late changes nothing, and the effects of a script whose answer was lost are undone
 * when the scope is acquired again.
 */
export class ScopeLease {
  readonly keys: readonly string[];
  readonly #link: RedisLink;
  readonly #options: StorageOptions;
  readonly #instance: string;
  readonly #label: string;
  readonly #contended: Promise<void>;
  #contend = (): void => {};
  #state: State = { is: 'unsettled', epoch: 0, acked: 0, isContended: false };
  #epoch = 0;
  #generation = 0;
  readonly #letGoHere: () => void;
  #acquiring: Promise<string> | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #endPause = (): void => {};

  constructor(link: RedisLink, keys: readonly string[], options: StorageOptions) {
    this.keys = keys;
    this.#link = link;
    this.#options = options;
    const owner = newOwner();
    const anchor = seesProcesses(owner) ? dropAnchor() : undefined;
    const letGo = holdHere(owner);
    this.#instance = owner.token;
    this.#letGoHere = () => {
      letGo();
      anchor?.weigh();
    };
    this.#label = `${owner.token} ${JSON.stringify({ ...owner, anchor: anchor?.name })}`;
    this.#contended = new Promise((resolve) => {
      this.#contend = resolve;
    });
  }

  /** Whether it waits for another holder to release the scope, with a server that answers. */
  get isContended(): boolean {
    return this.#state.is === 'unsettled' && this.#state.isContended && this.#link.isUp;
  }

  /** Resolves when another holder of the scope is found. */
  get contended(): Promise<void> {
    return this.#contended;
  }

  /** The arguments by which a script renews the lease. */
  get terms(): readonly string[] {
    return [String(LEASE_MS), this.#label];
  }

  /** The number of the next batch. */
  get nextSeq(): number {
    return this.#state.is === 'owned' ? this.#state.acked + 1 : 0;
  }

  /** The token to act under. Waits for the server and, if `whenLocked` says so, for the holder of the scope. */
  owned(): Promise<string> {
    if (this.#state.is === 'ended') return Promise.reject(this.#state.error);
    if (this.#state.is === 'owned') return Promise.resolve(this.#state.token);
    this.#acquiring ??= this.#acquire().finally(() => {
      this.#acquiring = undefined;
    });
    return this.#acquiring;
  }

  /** Whether `token` is still the current one. */
  isCurrent(token: string): boolean {
    return this.#state.is === 'owned' && this.#state.token === token;
  }

  /** Counts one more batch that is known to be done. */
  acknowledge(): void {
    if (this.#state.is === 'owned') this.#state.acked++;
  }

  /** Gives up the token: it may no longer be valid, or it is unknown whether a script sent under it was carried out. */
  unsettle(token?: string): void {
    if (this.#state.is !== 'owned' || (token !== undefined && token !== this.#state.token)) return;
    const { epoch, acked } = this.#state;
    this.#state = { is: 'unsettled', epoch, acked, isContended: false };
  }

  /** Acquires the scope in the background, for the first time or again. */
  settle(): void {
    if (this.#state.is !== 'unsettled') return;
    this.#heartbeat ??= setInterval(() => void this.#beat(), RENEW_MS).unref();
    // Callers get the failure.
    this.owned().catch(() => {});
  }

  /** Releases the scope if the server answers soon, and rejects everyone waiting for it with `error`. */
  async release(error: InstantNodeError): Promise<void> {
    const before = this.#state;
    if (before.is === 'ended') return;
    this.#end(error);
    if (!this.#link.isUp) return;
    const released = before.is === 'owned' ? this.#letGo(before.token) : this.#acquiring?.catch(() => {});
    await Promise.race([released, later(RELEASE_MS)]);
  }

  async #letGo(token: string): Promise<void> {
    // If the server does not receive it, the lease expires.
    await this.#link.run(RELEASE, this.keys, [token]).catch(() => {});
  }

  async #acquire(): Promise<string> {
    let seen: Held | undefined;
    let dead = '';
    for (;;) {
      await this.#link.whenUp();
      if (this.#state.is === 'ended') throw this.#state.error;
      if (this.#state.is === 'owned') return this.#state.token;
      const epoch = ++this.#epoch;
      const unsettled = this.#state;
      const reply = await this.#ask(epoch, unsettled, dead);
      if (reply?.is === 'owned') return this.#take(epoch, reply);
      if (reply?.is === 'lost') throw this.#lose(reply.holder);
      unsettled.isContended = reply !== undefined;
      if (reply) this.#contend();
      if (reply && this.#options.whenLocked === 'fail' && isAlive(reply, seen))
        throw this.#refuse(reply.holder);
      dead = reply && hasEnded(reply) ? reply.holder : '';
      if (dead === '') await this.#pause(reply ? LOOK_MS : TRY_AGAIN_MS);
      seen = reply;
    }
  }

  /** Waits for `ms`, or until there is nothing left to try. */
  async #pause(ms: number): Promise<void> {
    if (this.#state.is === 'ended') return;
    const ended = new Promise<void>((resolve) => {
      this.#endPause = resolve;
    });
    await Promise.race([later(ms), ended]);
  }

  async #ask(
    epoch: number,
    before: { readonly epoch: number; readonly acked: number },
    dead: string,
  ): Promise<Reply | undefined> {
    const numbers = [epoch, before.epoch, before.acked, this.#generation, LEASE_MS].map(String);
    const args = [this.#instance, ...numbers, this.#label, dead];
    try {
      return parse(await this.#link.run(ACQUIRE, this.keys, args), this.#link.subject);
    } catch (error) {
      if (error instanceof RedisUnreachable) return undefined;
      throw error;
    }
  }

  async #take(epoch: number, { generation, rolledBack }: Extract<Reply, { is: 'owned' }>): Promise<string> {
    const token = `${this.#instance}.${epoch}`;
    if (this.#state.is === 'ended') {
      await this.#letGo(token);
      throw this.#state.error;
    }
    this.#generation = generation;
    this.#state = { is: 'owned', epoch, token, acked: 0 };
    if (rolledBack) {
      this.#options.report(this.#rolledBack());
      this.#options.emptied();
    }
    return token;
  }

  async #beat(): Promise<void> {
    if (this.#state.is === 'unsettled') return this.settle();
    if (this.#state.is !== 'owned' || !this.#link.isUp) return;
    const { token } = this.#state;
    try {
      if ((await this.#link.run(RENEW, this.keys, [token, ...this.terms])) === 1) return;
    } catch (error) {
      // Callers get the refusal.
      if (!(error instanceof RedisUnreachable)) return;
    }
    this.unsettle(token);
    this.settle();
  }

  #lose(holder: string): InstantNodeError {
    const error = new InstantNodeError(
      'storage-locked',
      `Cannot use ${this.#link.subject} any more: ${nameOfHolder(holder)} has taken it over for the same app`,
      {
        hint: 'This process did not renew its lease in time; what it had acknowledged is there. Open the database again',
      },
    );
    this.#end(error);
    this.#link.end();
    this.#options.lost(error);
    return error;
  }

  #refuse(holder: string): InstantNodeError {
    const error = new InstantNodeError(
      'storage-locked',
      `Cannot open ${this.#link.subject}: ${nameOfHolder(holder)} has it open for the same app`,
      {
        hint: 'Close that database first, wait for it, or give this one an instanceKey or a redis.prefix of its own',
      },
    );
    this.#end(error);
    this.#link.end();
    return error;
  }

  #end(error: InstantNodeError): void {
    clearInterval(this.#heartbeat);
    this.#letGoHere();
    this.#state = { is: 'ended', error };
    this.#endPause();
  }

  #rolledBack(): InstantNodeError {
    return new InstantNodeError(
      'storage',
      `Lost data of ${this.#link.subject}: the server does not have all that it had acknowledged`,
      { hint: 'Let it keep an append-only file (appendonly yes), and let nobody empty it' },
    );
  }
}

/** The keys of a scope, in the order that the scripts expect. */
export function keysOf(prefix: string, scope: string): string[] {
  return ['records', 'lease', 'state', 'staged'].map((name) => `${prefix}:{${scope}}:${name}`);
}

/** Anything it had begun to write arrives under a token that is no longer valid. */
function hasEnded({ holder }: Held): boolean {
  const life = lifeOfHolder(holder);
  return life === 'dead' || life === 'gone';
}

/** Whether the holder is seen to be alive, or has renewed its lease since it was `seen`. */
function isAlive(now: Held, seen: Held | undefined): boolean {
  const life = lifeOfHolder(now.holder);
  if (life !== 'unknown') return life === 'alive';
  return seen !== undefined && seen.holder !== '' && (now.holder !== seen.holder || now.ms > seen.ms);
}

function parse(reply: unknown, subject: string): Reply {
  const [is, first, second] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (is === 'owned') return { is, generation: Number(first), rolledBack: Number(second) === 1 };
  if (is === 'held') return { is, holder: String(first), ms: Number(second) };
  if (is === 'lost') return { is, holder: String(first) };
  throw new InstantNodeError(
    'storage',
    `Cannot use ${subject}: it is no Redis server that runs scripts as others do`,
  );
}
