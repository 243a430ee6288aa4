import { StoreInterface, type StoreInterfaceClass } from '@instantdb/node';

/** A class of core's `StoreInterface` that a test can hold up and let fail. */
export interface ClassStore {
  readonly Store: StoreInterfaceClass;
  /** What it holds, under `<store>:<key>`, as JSON. */
  readonly held: ReadonlyMap<string, string>;
  /** The keys that name this one. */
  keysWith(name: unknown): string[];
  /** How often something was to be stored. */
  readonly saves: number;
  /** What was read, as `<store>:<key>`, each as often as it was. */
  readonly reads: readonly string[];
  /** Puts `json` in the place of a value. */
  set(key: string, json: string): void;
  /** Saving and forgetting wait until the returned function is called. */
  hold(): () => void;
  /** The `n`-th call rejects, before or after it did its work. */
  failCall(n: number, when: 'before' | 'after'): void;
  /** How many calls there were. */
  readonly calls: number;
  /** Whether that call was made. */
  readonly hasFailed: boolean;
  /** Every call rejects with `error` from now on, or works again with undefined. */
  fail(error: Error | undefined): void;
}

/** Makes a {@link ClassStore}; two databases with the same one follow each other as two processes would. */
export function classStore(): ClassStore {
  const held = new Map<string, string>();
  let gate = Promise.resolve();
  let failure: Error | undefined;
  let saves = 0;
  let calls = 0;
  const reads: string[] = [];
  let fault: { call: number; when: 'before' | 'after' } | undefined;
  async function call<T>(work: () => T): Promise<T> {
    calls++;
    const failing = fault?.call === calls ? fault : undefined;
    await gate;
    if (failure) throw failure;
    if (failing?.when === 'before') throw new Error('EIO');
    const result = work();
    if (failing?.when === 'after') throw new Error('EIO');
    return result;
  }
  return {
    held,
    keysWith: (name) => [...held.keys()].filter((key) => key.includes(`${name}`)),
    get saves() {
      return saves;
    },
    get calls() {
      return calls;
    },
    reads,
    set: (key, json) => void held.set(key, json),
    hold() {
      let open = (): void => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return () => open();
    },
    fail(error) {
      failure = error;
    },
    failCall(n, when) {
      fault = { call: n, when };
    },
    get hasFailed() {
      return fault !== undefined && calls >= fault.call;
    },
    Store: class extends StoreInterface {
      readonly #name: string;

      constructor(appId: string, name: 'kv' | 'querySubs' | 'syncSubs') {
        super(appId, name);
        this.#name = name;
      }

      override getItem(key: string): Promise<unknown> {
        reads.push(`${this.#name}:${key}`);
        return call(() => JSON.parse(held.get(`${this.#name}:${key}`) ?? 'null'));
      }

      override removeItem(key: string): Promise<void> {
        return call(() => {
          held.delete(`${this.#name}:${key}`);
        });
      }

      override multiSet(pairs: [string, unknown][]): Promise<void> {
        saves++;
        return call(() => {
          for (const [key, value] of pairs) held.set(`${this.#name}:${key}`, JSON.stringify(value));
        });
      }

      override getAllKeys(): Promise<string[]> {
        const prefix = `${this.#name}:`;
        return call(() =>
          [...held.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
        );
      }
    },
  };
}
