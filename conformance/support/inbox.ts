/** What arrived, in order, with promises for what has not arrived yet. */
export interface Inbox<T> {
  /** Everything so far. */
  readonly all: readonly T[];
  /** Takes one in; bound, to be handed over as a callback. */
  readonly push: (value: T) => void;
  /** The first one that passes `test`, of those so far or to come. */
  first<Found extends T>(test: (value: T) => value is Found): Promise<Found>;
  first(test?: (value: T) => boolean): Promise<T>;
  /** The oldest one that `next` has not given yet and that passes `test`; the ones before it are passed over. */
  next(test?: (value: T) => boolean): Promise<T>;
}

/** Makes an empty {@link Inbox}. */
export function inbox<T>(): Inbox<T> {
  const all: T[] = [];
  const waiting = new Set<() => void>();
  let read = 0;

  async function find(from: () => number, test: (value: T) => boolean): Promise<number> {
    for (let index = from(); ; index++) {
      while (index >= all.length) await new Promise<void>((resolve) => waiting.add(resolve));
      if (test(all[index] as T)) return index;
    }
  }

  return {
    all,
    push(value) {
      all.push(value);
      for (const resolve of waiting) resolve();
      waiting.clear();
    },
    async first(test: (value: T) => boolean = () => true): Promise<never> {
      return all[await find(() => 0, test)] as never;
    },
    async next(test = () => true) {
      const index = await find(() => read, test);
      read = index + 1;
      return all[index] as T;
    },
  };
}
