import type { NetworkPace } from './network-config.ts';
import type { NetworkCheck } from './network-kind.ts';
import type { NetworkOutside } from './network-outside.ts';
import { SteadyState } from './steady-state.ts';

/** Somebody who is told what the network is taken for. */
export type Watcher = (isOnline: boolean) => void;

/** Asks one question again and again, from its making until `stop`, and tells watchers what follows from the answers. */
export class NetworkMonitor {
  readonly #check: NetworkCheck;
  readonly #pace: NetworkPace;
  readonly #after: NetworkOutside['after'];
  readonly #state: SteadyState;
  readonly #watchers = new Set<Watcher>();
  /** Ends the question under way, or the pause before the next. */
  #end: () => void = () => {};
  #isStopped = false;
  #cause: unknown;

  constructor(check: NetworkCheck, pace: NetworkPace, { after }: Pick<NetworkOutside, 'after'>) {
    this.#check = check;
    this.#pace = pace;
    this.#after = after;
    this.#state = new SteadyState(pace.threshold);
    this.#ask();
  }

  /** What the network is taken for; undefined until there is an answer. */
  get isOnline(): boolean | undefined {
    return this.#state.isOnline;
  }

  /** Why the last answer that was a no was one. */
  get cause(): unknown {
    return this.#cause;
  }

  /** Has `watcher` told of each change, the first answer included; returns a function that ends that. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Ends the question under way and asks no other. */
  stop(): void {
    this.#isStopped = true;
    this.#watchers.clear();
    this.#end();
  }

  #ask(): void {
    const controller = new AbortController();
    let isAnswered = false;
    const answered = (isYes: boolean, cause?: unknown): void => {
      if (isAnswered) return;
      isAnswered = true;
      end();
      if (!this.#isStopped) this.#take(isYes, cause);
    };
    const { timeoutMs } = this.#pace;
    const cancel = this.#after(timeoutMs, () => answered(false, new Error(`No answer for ${timeoutMs} ms`)));
    const end = (): void => {
      cancel();
      controller.abort();
    };
    this.#end = end;
    ask(this.#check, controller.signal).then(
      () => answered(true),
      (cause) => answered(false, cause),
    );
  }

  #take(isYes: boolean, cause: unknown): void {
    if (!isYes) this.#cause = cause;
    this.#end = this.#after(this.#pace.intervalMs, () => this.#ask());
    if (!this.#state.take(isYes)) return;
    for (const watcher of [...this.#watchers]) if (this.#watchers.has(watcher)) watcher(isYes);
  }
}

// A check that throws instead of rejecting is a no as well.
async function ask(check: NetworkCheck, signal: AbortSignal): Promise<void> {
  await check.ask(signal);
}
