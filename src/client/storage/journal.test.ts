import { expect, test } from 'vitest';
import type { BatchLimit } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import type { Mutation } from '../transactions.ts';
import { Journal } from './journal.ts';
import type { RecordChange, Records } from './records.ts';

const full = new InstantNodeError('storage', 'the server is full');

/** Records of which each call waits until it is told how it ends. */
class HeldRecords implements Records {
  readonly durable = true;
  readonly opened: Promise<void> = Promise.resolve();
  readonly maxBatch: BatchLimit | undefined;
  /** The keys of each call, `-` before one that is forgotten. */
  readonly calls: string[][] = [];
  readonly kept: Set<string> = new Set();
  /** What the call that has this key among its own fails with. */
  readonly failing: Map<string, Error> = new Map();
  readonly held: (() => void)[] = [];
  isHolding = false;
  #called = (): void => {};

  constructor(maxBatch: BatchLimit | undefined) {
    this.maxBatch = maxBatch;
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    this.calls.push(changes.map(([, key, value]) => (value === undefined ? `-${key}` : key)));
    this.#called();
    if (this.isHolding) await new Promise<void>((resolve) => this.held.push(resolve));
    for (const [, key] of changes) {
      const failure = this.failing.get(key);
      if (failure) throw failure;
    }
    for (const [, key, value] of changes) value === undefined ? this.kept.delete(key) : this.kept.add(key);
  }

  /** Resolves when there were so many calls. */
  async called(times: number): Promise<void> {
    while (this.calls.length < times) {
      await new Promise<void>((resolve) => {
        this.#called = resolve;
      });
    }
  }

  async read(): Promise<unknown> {
    return null;
  }

  async keys(): Promise<string[]> {
    return [];
  }

  async dispose(): Promise<void> {}
}

async function journalOver(maxBatch: BatchLimit | undefined) {
  const records = new HeldRecords(maxBatch);
  const reports: InstantNodeError[] = [];
  const journal = new Journal(records, (error) => reports.push(error));
  await journal.load();
  // Nothing is saved before it is known who makes the writes.
  journal.setAuthor({ userId: null, isAdmin: false });
  return { records, journal, reports };
}

const write = (order: number, title = ''): Mutation =>
  ({ op: 'transact', 'tx-steps': [[title]], order }) as never;

function put(journal: Journal, ids: readonly string[]): Promise<PromiseSettledResult<void>[]> {
  for (const [order, eventId] of ids.entries()) journal.put(eventId, write(order));
  return Promise.allSettled(ids.map((eventId) => journal.saved(eventId)));
}

const states = (results: readonly PromiseSettledResult<void>[]): string =>
  results.map(({ status }) => (status === 'fulfilled' ? '+' : '-')).join('');

test('a journal saves what was put at once in pieces of so many records, one after the other', async () => {
  const { records, journal, reports } = await journalOver({ records: 2, bytes: 1_000_000 });
  expect(states(await put(journal, ['a', 'b', 'c', 'd', 'e']))).toBe('+++++');
  expect(records.calls).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  for (const eventId of ['a', 'b', 'c']) journal.remove(eventId);
  await journal.flush();
  expect(records.calls.slice(3)).toEqual([['-a', '-b'], ['-c']]);
  expect([...records.kept]).toEqual(['d', 'e']);
  expect(reports).toEqual([]);
});

test('a journal cuts by size, and never a record', async () => {
  const { records, journal } = await journalOver({ records: 100, bytes: 1_000 });
  journal.put('small', write(1));
  journal.put('large', write(2, 'x'.repeat(5_000)));
  // More bytes than characters.
  journal.put('half', write(3, '€'.repeat(150)));
  journal.put('other', write(4, '€'.repeat(150)));
  await journal.flush();
  expect(records.calls).toEqual([['small'], ['large'], ['half'], ['other']]);
});

test('a journal over a storage that names no limit saves all in one call', async () => {
  const { records, journal } = await journalOver(undefined);
  await put(journal, ['a', 'b', 'c']);
  expect(records.calls).toEqual([['a', 'b', 'c']]);
});

test('each write is told as soon as its own piece is saved', async () => {
  const { records, journal } = await journalOver({ records: 1, bytes: 1_000 });
  records.isHolding = true;
  journal.put('a', write(1));
  journal.put('b', write(2));
  const first = journal.saved('a');
  let isSecondSaved = false;
  const second = journal.saved('b').then(() => {
    isSecondSaved = true;
  });
  await records.called(1);
  records.held.shift()?.();
  await first;
  await records.called(2);
  expect(isSecondSaved).toBe(false);
  // What is asked for in the middle of it waits as well.
  const again = journal.saved('b');
  records.held.shift()?.();
  await Promise.all([second, again]);
  await journal.saved('a');
});

test('a piece that cannot be saved costs the others nothing', async () => {
  const { records, journal } = await journalOver({ records: 2, bytes: 1_000 });
  records.failing.set('c', full);
  const results = await put(journal, ['a', 'b', 'c', 'd', 'e', 'f']);
  expect(states(results)).toBe('++--++');
  expect(results[2]).toMatchObject({ reason: full });
  await journal.flush().catch(() => {});
  records.failing.clear();
  await journal.flush();
  expect([...records.kept]).toEqual(['a', 'b', 'e', 'f']);
});

test('once a piece has failed, the others are not made to wait for each other', async () => {
  const { records, journal } = await journalOver({ records: 1, bytes: 1_000 });
  records.isHolding = true;
  const ids = ['a', 'b', 'c', 'd'];
  for (const eventId of ids) records.failing.set(eventId, full);
  const results = put(journal, ids);
  await records.called(1);
  expect(records.calls).toHaveLength(1);
  records.held.shift()?.();
  // An answer takes seconds when a server is away.
  await records.called(4);
  for (const go of records.held.splice(0)) go();
  expect(states(await results)).toBe('----');
});

test('a write that JSON cannot hold is in a piece of its own', async () => {
  const { records, journal } = await journalOver({ records: 100, bytes: 1_000 });
  journal.put('a', write(1));
  journal.put('b', write(2, 1n as never));
  journal.put('c', write(3));
  await journal.flush();
  expect(records.calls).toEqual([['a'], ['b'], ['c']]);
});

test('delivered writes that cannot be removed are told of, once', async () => {
  const { records, journal, reports } = await journalOver({ records: 2, bytes: 1_000 });
  await put(journal, ['a', 'b', 'c']);
  for (const eventId of ['a', 'b', 'c']) {
    records.failing.set(eventId, full);
    journal.remove(eventId);
  }
  await expect(journal.flush()).rejects.toBe(full);
  await expect(journal.flush()).rejects.toBe(full);
  expect(reports).toEqual([
    expect.objectContaining({
      code: 'storage',
      message: expect.stringContaining('Cannot remove'),
      cause: full,
    }),
  ]);
  records.failing.clear();
  await journal.flush();
  expect([...records.kept]).toEqual([]);
});

test('writes that nobody waits for are told of once when they cannot be saved, also after some that were refused', async () => {
  const { records, journal, reports } = await journalOver({ records: 1, bytes: 1_000 });
  records.failing.set('a', full).set('b', full);
  expect(states(await put(journal, ['a']))).toBe('-');
  journal.put('b', write(2));
  await expect(journal.flush()).rejects.toBe(full);
  await expect(journal.flush()).rejects.toBe(full);
  expect(reports.map(({ message }) => message)).toEqual([
    'Cannot save pending writes to the storage: kept in memory, and tried again',
  ]);
});
