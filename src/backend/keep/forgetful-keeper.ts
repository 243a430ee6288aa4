import { randomBytes } from 'node:crypto';
import type { Keeper } from '../app/keeper.ts';
import { MemoryStreamContent } from './memory-stream-content.ts';

/** Keeps nothing, so that nothing is ever at stake. */
export function createForgetfulKeeper(): Keeper {
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
    whenSafe: (action) => action(),
    flush: nothing,
    close: nothing,
  };
}
