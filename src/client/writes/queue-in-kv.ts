import { PersistedEntries } from '../core-internals/persisted-entries.ts';
import { PENDING_KEY } from '../storage/store-class.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';

/** Core's `kv`, with the queue in it. */
export interface ShownQueue {
  /** Call this when the queue has changed: core caches what it derived from an earlier one. */
  changed(): void;
}

/** Makes core's `kv` show our queue where core keeps its own, and adds to it what core's code puts in its place. */
export function showQueue(persisted: object, queue: WriteQueue): ShownQueue {
  const kv = new PersistedEntries(persisted);
  kv.onLoaded((key) => {
    if (key === PENDING_KEY) kv.hold(PENDING_KEY, queue);
  });
  kv.onChanged(() => {
    const pending = kv.held[PENDING_KEY];
    if (pending instanceof Map && pending !== queue) {
      queue.rewrite(pending);
      kv.hold(PENDING_KEY, queue);
    }
  });
  return { changed: () => kv.outdate() };
}
