import { clearInterval, setInterval } from 'node:timers';
import { InstantNodeError } from '../../../errors.ts';
import type { StorageOptions } from '../../contract.ts';
import { dropAnchor } from '../lock/anchor.ts';
import { holdHere, newOwner, seesProcesses } from '../lock/lock-owner.ts';
import { lifeOfHolder, nameOfHolder } from './holder.ts';
import { later, type RedisLink, TRY_AGAIN_MS } from './redis-link.ts';
import { RedisUnreachable } from './redis-refusal.ts';
import { ACQUIRE, RELEASE, RENEW } from './scripts.ts';

/** After this much silence of its holder a scope is free. */
const LEASE_MS = 5_000;
const RENEW_MS = 1_500;
/** How often to look whether a lease that another holds is renewed. */
const LOOK_MS = 250;
/** What a server that has fallen silent may delay the end of a database by. */
const RELEASE_MS = 1_000;

type State =
  /**
   * `epoch` and `acked`: the last epoch that was owned, and what was done in it for certain. `isContended`: another has it,
   * by what the server said last.
   */
  | { readonly is: 'unsettled'; readonly epoch: number; readonly acked: number; isContended: boolean }
  | { readonly is: 'owned'; readonly epoch: number; readonly token: string; acked: number }
  | { readonly is: 'ended'; readonly error: InstantNodeError };

/** Another has the scope, for `ms` from now if it says nothing more. */
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
 * A scope's owner on the server. It is owned under a token, a new one for each connection: a script that was sent with
 * an earlier one and arrives late changes nothing, and what one whose answer was lost has done is taken back when the
 * scope is owned again.
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

  /** Whether it waits for another to let go of the scope, with a server that answers. */
  get isContended(): boolean {
    return this.#state.is === 'unsettled' && this.#state.isContended && this.#link.isUp;
  }

  /** Resolves when it is found that another holds the scope. */
  get contended(): Promise<void> {
    return this.#contended;
  }

  /** What a batch that is sent under the present token says of itself. */
  get terms(): readonly string[] {
    return [String(LEASE_MS), this.#label];
  }

  /** The number that the next batch has. */
  get nextSeq(): number {
    return this.#state.is === 'owned' ? this.#state.acked + 1 : 0;
  }

  /** The token to act under. Waits for the server and, where that is wanted, for whoever has the scope. */
  owned(): Promise<string> {
    if (this.#state.is === 'ended') return Promise.reject(this.#state.error);
    if (this.#state.is === 'owned') return Promise.resolve(this.#state.token);
    this.#acquiring ??= this.#acquire().finally(() => {
      this.#acquiring = undefined;
    });
    return this.#acquiring;
  }

  /** Whether `token` is still the one to act under. */
  isCurrent(token: string): boolean {
    return this.#state.is === 'owned' && this.#state.token === token;
  }

  /** Notes that one more batch was done for certain. */
  acknowledge(): void {
    if (this.#state.is === 'owned') this.#state.acked++;
  }

  /** Gives up the token: it may be of no right any more, or what was sent under it may have been done or not. */
  unsettle(token?: string): void {
    if (this.#state.is !== 'owned' || (token !== undefined && token !== this.#state.token)) return;
    const { epoch, acked } = this.#state;
    this.#state = { is: 'unsettled', epoch, acked, isContended: false };
  }

  /** Takes the scope in the background, or takes it again. */
  settle(): void {
    if (this.#state.is !== 'unsettled') return;
    this.#heartbeat ??= setInterval(() => void this.#beat(), RENEW_MS).unref();
    // What it fails with is told to whoever calls.
    this.owned().catch(() => {});
  }

  /** Lets the scope go if the server answers soon, and rejects whoever waits for it with `error`. */
  async release(error: InstantNodeError): Promise<void> {
    const before = this.#state;
    if (before.is === 'ended') return;
    this.#end(error);
    if (!this.#link.isUp) return;
    const released = before.is === 'owned' ? this.#letGo(before.token) : this.#acquiring?.catch(() => {});
    await Promise.race([released, later(RELEASE_MS)]);
  }

  async #letGo(token: string): Promise<void> {
    // Unless the server hears of it, the lease runs out.
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

  /** Waits for a while, and not for the rest of it once nothing is to be tried any more. */
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
      // What it refuses is told to whoever calls.
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

/** The keys of a scope, in the order in which the scripts know them. */
export function keysOf(prefix: string, scope: string): string[] {
  return ['records', 'lease', 'state', 'staged'].map((name) => `${prefix}:{${scope}}:${name}`);
}

/** What it had begun to write comes under a token that is of no right any more. */
function hasEnded({ holder }: Held): boolean {
  const life = lifeOfHolder(holder);
  return life === 'dead' || life === 'gone';
}

/** Whether the holder is seen to live, or has renewed its lease since it was `seen`. */
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
