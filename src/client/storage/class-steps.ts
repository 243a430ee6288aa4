import type { StoreInterfaceStoreName } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import { describeRecord, type RecordChange, type StoreName } from './record-store.ts';

/** The prefix of keys of `writes`, which core does not know and which are therefore kept in `kv`. */
const WRITE_PREFIX = 'pendingMutation:';

/** Changes of one store that take one call: pairs to set, or a key to remove. */
export type Step = { store: StoreInterfaceStoreName } & (
  | { is: 'set'; pairs: [string, unknown][] }
  | { is: 'remove'; key: string }
);

/** Core's store that holds a record. */
export function instanceOf(store: StoreName): StoreInterfaceStoreName {
  return store === 'writes' ? 'kv' : store;
}

/** The key of a record in core's store. */
export function keyIn(store: StoreName, key: string): string {
  return store === 'writes' ? `${WRITE_PREFIX}${key}` : key;
}

/** The keys of a store's records, from all keys of core's store that holds them. */
export function recordKeys(store: StoreName, keys: string[]): string[] {
  if (store === 'kv') return keys.filter((key) => !key.startsWith(WRITE_PREFIX));
  if (store !== 'writes') return keys;
  return keys.filter((key) => key.startsWith(WRITE_PREFIX)).map((key) => key.slice(WRITE_PREFIX.length));
}

/** The calls that make `changes`, in order. */
export function stepsOf(changes: readonly RecordChange[]): Step[] {
  const steps: Step[] = [];
  for (const [store, name, value] of changes) {
    const instance = instanceOf(store);
    const key = keyIn(store, name);
    if (value === undefined) {
      steps.push({ store: instance, is: 'remove', key });
      continue;
    }
    const pair: [string, unknown] = [key, copyOf(value, store, name)];
    const last = steps.at(-1);
    if (last?.is === 'set' && last.store === instance) last.pairs.push(pair);
    else steps.push({ store: instance, is: 'set', pairs: [pair] });
  }
  return steps;
}

// The call may have to wait for others, and the value must not change meanwhile.
function copyOf(value: unknown, store: StoreName, key: string): unknown {
  try {
    return structuredClone(value);
  } catch (cause) {
    const message = `Cannot keep ${describeRecord(store, key)}: it is not a JSON value`;
    throw new InstantNodeError('storage', message, { cause });
  }
}
