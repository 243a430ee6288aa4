import type { NetworkLease, NetworkListenerClass } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import { show } from '../../invalid-option.ts';
import { callSafely } from '../timing/emitter.ts';
import { Timers } from '../timing/timers.ts';

/** For how long the first connection waits for the network listener to say something. */
export const FIRST_ANSWER_MS = 2_000;

type Change = Parameters<NetworkListenerClass['listen']>[0];

/**
 * A network listener as core can bear it. Core never stops listening; it never connects when its first question fails or
 * stays without an answer, and a listener that throws ends the process. Here there always is a first answer, whatever
 * else the listener says counts only if it is news, and nothing counts after `release`.
 *
 * Who cannot tell whether there is a network is taken to say that there is: a connection that fails is tried again.
 */
export class ReleasableNetwork implements NetworkListenerClass {
  readonly #lease: NetworkLease;
  readonly #report: (error: InstantNodeError) => void;
  readonly #timers: Pick<Timers, 'after' | 'clear'>;
  /** What core was told last; undefined before the first answer. */
  #state: boolean | undefined;
  /** Whether the listener has told of a change, which is newer than any answer. */
  #hasTold = false;
  #isReleased = false;
  #isReported = false;
  #change: Change = () => {};
  #stop: (() => void) | undefined;

  constructor(
    lease: NetworkLease,
    report: (error: InstantNodeError) => void,
    timers: Pick<Timers, 'after' | 'clear'> = new Timers(false),
  ) {
    this.#lease = lease;
    this.#report = report;
    this.#timers = timers;
  }

  /** Never rejects; never settles once it is released. */
  getIsOnline(): Promise<boolean> {
    return new Promise((resolve) => {
      const limit = this.#timers.after(FIRST_ANSWER_MS, () => {
        this.#complain(`its getIsOnline() has not answered for ${FIRST_ANSWER_MS / 1_000} s`);
        settle(true);
      });
      const settle = (isOnline: boolean): void => {
        limit.cancel();
        this.#state = isOnline;
        if (!isOnline) this.#sayWhy();
        resolve(isOnline);
      };
      void this.#ask().then((answer) => {
        if (this.#isReleased) return;
        if (this.#state === undefined) settle(answer ?? true);
        else if (answer !== undefined && !this.#hasTold) this.#become(answer);
      });
    });
  }

  listen(change: Change): undefined {
    if (this.#isReleased) return;
    this.#change = change;
    try {
      this.#took(this.#lease.listen((isOnline) => this.#told(isOnline)));
    } catch (cause) {
      this.#cannotListen(cause);
    }
  }

  /** Ends the listening. Repeatable. */
  release(): void {
    this.#isReleased = true;
    this.#timers.clear();
    const stop = this.#stop;
    this.#stop = undefined;
    try {
      stop?.();
    } catch (cause) {
      this.#complain('it has failed to stop', cause);
    }
    this.#lease.release();
  }

  /** The listener's answer; undefined, and reported, where there is none. */
  async #ask(): Promise<boolean | undefined> {
    try {
      const answer: unknown = await this.#lease.getIsOnline();
      if (typeof answer === 'boolean') return answer;
      if (!this.#isReleased) this.#complain(`its getIsOnline() has answered ${show(answer)}`);
    } catch (cause) {
      // A listener that throws does so within `init`, before anybody can have subscribed to what is reported.
      await undefined;
      if (!this.#isReleased) this.#complain('its getIsOnline() has failed', cause);
    }
    return undefined;
  }

  #told(isOnline: unknown): void {
    if (this.#isReleased) return;
    if (typeof isOnline === 'boolean') {
      this.#hasTold = true;
      this.#become(isOnline);
    } else if (!this.#isReported) {
      this.#isReported = true;
      this.#complain(`it has told ${show(isOnline)}`);
    }
  }

  #become(isOnline: boolean): void {
    if (isOnline === this.#state) return;
    this.#state = isOnline;
    if (!isOnline) this.#sayWhy();
    callSafely(this.#change, isOnline);
  }

  /** What `listen` has returned: the contract says a function or nothing, an `async` one returns a promise. */
  #took(returned: unknown): void {
    if (typeof returned === 'function') {
      this.#stop = returned as () => void;
      // It was released by what the listener has told at once.
      if (this.#isReleased) this.release();
    } else if (returned instanceof Promise) {
      returned.then(
        (stop) => this.#took(stop),
        (cause) => this.#cannotListen(cause),
      );
    }
  }

  #cannotListen(cause: unknown): void {
    if (this.#isReleased) return;
    this.#complain('its listen() has failed', cause);
    // Nobody would tell when it is back.
    this.#told(true);
  }

  #sayWhy(): void {
    const why = this.#lease.whyOffline?.();
    if (why) this.#report(why);
  }

  #complain(what: string, cause?: unknown): void {
    const message = `Cannot learn from the network listener whether there is a network: ${what}`;
    const hint = 'The database does without it: it tries to connect';
    this.#report(new InstantNodeError('connection-failed', message, { cause, hint }));
  }
}
