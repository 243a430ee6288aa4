import { expect, test } from 'vitest';
import { QueryCache } from './query-cache.ts';

/** What of core's `PersistedObject` a cache needs: it has stored `count` answers, the first of them longest ago. */
function storedAnswers(count: number) {
  const hashes = Array.from({ length: count }, (_, index) => `query-${index}`);
  const objects = Object.fromEntries(
    hashes.map((hash, index) => [hash, { createdAt: 1, updatedAt: index + 1, size: 1 }]),
  );
  const removed: string[] = [];
  let saves = 0;
  const state = {
    currentValue: {} as Record<string, { result: object }>,
    _pendingSaveKeys: new Set<string>(),
    _meta: { value: { objects } },
    _persister: { getAllKeys: async () => ['__meta', ...hashes] },
    _gcOpts: { maxEntries: 1_000 },
    onKeyLoaded: (_hash: string) => {},
    waitForMetaToLoad: async () => {},
    unloadKey(hash: string) {
      delete state.currentValue[hash];
    },
    async _writeToStorage(_options?: object) {
      for (const hash of state._pendingSaveKeys) {
        if (hash in state.currentValue) continue;
        removed.push(hash);
        delete objects[hash];
      }
      state._pendingSaveKeys.clear();
      return 0;
    },
    async _enqueuePersist() {
      saves++;
      return state._writeToStorage({});
    },
  };
  return { state, removed, saves: () => saves };
}

const eachTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what earlier processes left is kept for ten seconds, for a program that subscribes to it late', async () => {
  const { state, removed } = storedAnswers(6);
  const inUse = new Set<string>();
  const timers: [ms: number, work: () => void][] = [];
  const cache = new QueryCache(state, {
    limit: 2,
    isInUse: (hash) => inUse.has(hash),
    timers: { after: (ms, work) => timers.push([ms, work]) },
  });
  await eachTurn();
  await state._writeToStorage();
  expect(removed).toEqual([]);

  cache.use('query-1', true);
  inUse.add('query-1');
  // Read before anybody asked, and in nobody's use yet.
  state.currentValue['query-0'] = { result: {} };
  state.currentValue['query-5'] = { result: {} };
  await state._writeToStorage();
  expect(removed).toEqual([]);

  const [[ms, work]] = timers as [(typeof timers)[number]];
  expect([ms, timers.length]).toEqual([10_000, 1]);
  work();
  expect(removed).toEqual(['query-0', 'query-2', 'query-3']);
  expect(state.currentValue).toEqual({});
});

test('where nothing is too much, nothing is saved for it', async () => {
  const { saves, state } = storedAnswers(2);
  const cache = new QueryCache(state, { limit: 2, isInUse: () => false, timers: { after() {} } });
  await eachTurn();
  cache.settle();
  expect(saves()).toBe(0);
});
