import { clearTimeout } from 'node:timers';
import type { PersistedObject } from './persisted-object.ts';

/** Calls `started` with each timer that one of core's objects starts: to save, and to forget what exceeds its limit. */
export function onTimerStarted(persisted: PersistedObject, started: (timer: NodeJS.Timeout) => void): void {
  const persist = persisted._enqueuePersist.bind(persisted);
  const gc = persisted.gc.bind(persisted);
  persisted._enqueuePersist = (options) => {
    const saved = persist(options);
    if (persisted._nextSave) started(persisted._nextSave);
    return saved;
  };
  persisted.gc = () => {
    gc();
    if (persisted._nextGc) started(persisted._nextGc);
  };
}

/** Whether there is something to save, that is, whether the timer for it is running. */
export function isSaveDue(persisted: PersistedObject): boolean {
  return persisted._nextSave !== null;
}

/** Stops the timers of one of core's objects, and keeps it from starting others. */
export function stopTimers(persisted: PersistedObject): void {
  persisted._enqueuePersist = () => Promise.resolve(0);
  persisted.gc = () => {};
  clearTimeout(persisted._nextSave ?? undefined);
  clearTimeout(persisted._nextGc ?? undefined);
  persisted._nextSave = null;
  persisted._nextGc = null;
}
