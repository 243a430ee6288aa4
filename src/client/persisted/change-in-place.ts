import { PersistedEntries } from '../core-internals/persisted-entries.ts';

type State = Readonly<Record<string, unknown>>;

/**
 * Makes one of core's objects that save themselves change its entries in place, and save those that were touched.
 *
 * Core drafts the whole object with a library that walks through every value put into it, to any depth, and mistakes a
 * value's own `__proto__` for its prototype. Nothing keeps an earlier state, so changing in place is safe.
 */
export function changeInPlace(persisted: object): void {
  const entries = new PersistedEntries(persisted);
  entries.changeBy((change) => {
    const touched = new Set<string>();
    change(watched(entries.held, touched));
    return touched;
  });
}

/** Wraps `state` to note the keys that are set, removed, or read with a value that can be changed inside. */
function watched(state: State, touched: Set<string>): State {
  return new Proxy(state, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof key === 'string' && typeof value === 'object' && value !== null) touched.add(key);
      return value;
    },
    set(target, key, value) {
      if (typeof key === 'string') touched.add(key);
      return Reflect.set(target, key, value);
    },
    deleteProperty(target, key) {
      if (typeof key === 'string' && Object.hasOwn(target, key)) touched.add(key);
      return Reflect.deleteProperty(target, key);
    },
  });
}
