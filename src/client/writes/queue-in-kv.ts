import { PENDING_KEY } from '../storage/store-class.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';

/** The parts of core's `kv` that the queue stands in for; core declares the version private. */
interface KvState {
  _version: number;
  currentValue: Record<string, unknown>;
  updateInPlace(change: (state: Record<string, unknown>) => void): unknown;
  onKeyLoaded(key: string): void;
}

/** Core's `kv`, with the queue in it. */
export interface ShownQueue {
  /** To be called when the queue has changed: core remembers what it made of an earlier one. */
  changed(): void;
}

/** Makes core's `kv` show the queue where core keeps its own, and takes into it what core's code puts in its place. */
export function showQueue(persisted: object, queue: WriteQueue): ShownQueue {
  const kv = persisted as KvState;
  const { onKeyLoaded } = kv;
  const updateInPlace = kv.updateInPlace.bind(kv);
  kv.onKeyLoaded = (key) => {
    if (key === PENDING_KEY) kv.currentValue[PENDING_KEY] = queue;
    onKeyLoaded(key);
  };
  kv.updateInPlace = (change) => {
    const state = updateInPlace(change);
    const pending = kv.currentValue[PENDING_KEY];
    if (pending instanceof Map && pending !== queue) {
      queue.rewrite(pending);
      kv.currentValue[PENDING_KEY] = queue;
    }
    return state;
  };
  return {
    changed() {
      kv._version++;
    },
  };
}
