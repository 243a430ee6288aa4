import { randomBytes } from 'node:crypto';
import type { AppPersistence } from '../app/app-persistence.ts';
import { MemoryStreamContent } from './memory-stream-content.ts';

/** Persists nothing, so everything counts as durable at once. */
export function createNoPersistence(): AppPersistence {
  const nothing = (): void => {};
  return {
    lasting: (_, make) => make(),
    signingKey: randomBytes(32),
    filesFolder: undefined,
    lastTxId: 0,
    apps: () => [],
    appCreated: nothing,
    appDeleted: nothing,
    streamContent: () => new MemoryStreamContent(),
    committed: nothing,
    settingsChanged: nothing,
    whenDurable: (action) => action(),
    flush: nothing,
    close: nothing,
  };
}
