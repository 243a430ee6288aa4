import { expect, test } from 'vitest';
import type { Triple } from '../../protocol/attr.ts';
import { createAppData } from '../store/app-data.ts';
import { systemAttrId } from '../store/system-attrs.ts';
import type { Change } from '../store/undo-log.ts';
import { HISTORY_LIMIT, SyncHistory } from './sync-history.ts';

const { catalog } = createAppData();
const email = (id: string, value: string): Triple => [id, systemAttrId('$users', 'email'), value, 1];
const add = (triple: Triple): Change => ({ kind: 'add', triple });
const remove = (triple: Triple): Change => ({ kind: 'remove', triple });

test('a history keeps the latest transactions, and knows from where', () => {
  const history = new SyncHistory(7);
  expect([history.reaches(6), history.reaches(7)]).toEqual([false, true]);
  const count = HISTORY_LIMIT * 3;
  for (let n = 1; n <= count; n++) history.record(7 + n, [add(email('u', `${n}`))]);
  const last = 7 + count;
  expect(history.reaches(7)).toBe(false);
  expect(history.reaches(last - HISTORY_LIMIT)).toBe(true);
  expect(history.reaches(last - HISTORY_LIMIT * 2)).toBe(false);
  const { txes, upTo } = history.after(last - HISTORY_LIMIT, '$users', catalog, 3);
  expect(txes.map((tx) => tx['tx-id'])).toEqual([1, 2, 3].map((n) => last - HISTORY_LIMIT + n));
  expect(upTo).toBe(last - HISTORY_LIMIT + 3);
  expect(history.after(last, '$users', catalog, 3)).toEqual({ txes: [], upTo: last });
});

test('a transaction is given by what it comes to', () => {
  const history = new SyncHistory(0);
  const [a, b, c] = [email('u', 'a'), email('u', 'b'), email('u', 'c')];
  history.record(1, [remove(a), add(b), remove(b), add(c)]);
  history.record(2, [add(a), remove(a)]);
  history.record(3, [remove(a), add([...a])]);
  expect(history.after(0, '$users', catalog, 9)).toEqual({
    txes: [
      {
        'tx-id': 1,
        changes: [
          { action: 'removed', triple: a },
          { action: 'added', triple: c },
        ],
      },
    ],
    upTo: 3,
  });
});

test('a history forgets the oldest when what it keeps is too much', () => {
  const history = new SyncHistory(0);
  const text = 'x'.repeat(1024 * 1024);
  for (let n = 1; n <= 200; n++) history.record(n, [add(email('u', text + n))]);
  expect(history.reaches(0)).toBe(false);
  expect(history.reaches(199)).toBe(true);
  const { txes, upTo } = history.after(200 - 20, '$users', catalog, 99);
  expect([txes.length, upTo]).toEqual([20, 200]);
  expect(history.reaches(200 - 65)).toBe(false);
});

test('a history keeps no more than there is room for, and gives it back', () => {
  let kept = 0;
  const room = 5_000;
  const history = new SyncHistory(0, (bytes) => {
    if (bytes > 0 && kept + bytes > room) return false;
    kept += bytes;
    return true;
  });
  for (let n = 1; n <= 100; n++) {
    history.record(n, [add(email('u', 'x'.repeat(500)))]);
    expect(kept).toBeGreaterThan(0);
    expect(history.reaches(n - 1)).toBe(true);
  }
  expect(history.reaches(90)).toBe(false);
  history.record(101, [add(email('u', 'x'.repeat(room)))]);
  expect(history.reaches(100)).toBe(false);
  expect(history.reaches(101)).toBe(true);
  expect(history.after(101, '$users', catalog, 9)).toEqual({ txes: [], upTo: 101 });
  expect(kept).toBe(0);
  history.record(102, [add(email('u', 'short'))]);
  history.clear();
  expect(kept).toBe(0);
});
