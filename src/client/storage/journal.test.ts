import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../conformance/support/random.ts';
import type { BatchLimit } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import type { Mutation } from '../transactions/transactions.ts';
import { Journal } from './journal.ts';
import { Json, type RecordChange, type RecordStore } from './record-store.ts';

const full = new InstantNodeError('storage', 'the server is full');

/** Records of which each call waits until it is told how it ends. */
class HeldRecords implements RecordStore {
  readonly durable = true;
  readonly opened: Promise<void> = Promise.resolve();
  readonly maxBatch: BatchLimit | undefined;
  /** The keys of each call, `-` before one that is forgotten. */
  readonly calls: string[][] = [];
  readonly values: Map<string, Mutation> = new Map();
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
    for (const [, key, value] of changes) {
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, value instanceof Json ? JSON.parse(value.text) : value);
    }
  }

  get kept(): Set<string> {
    return new Set(this.values.keys());
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

test('a journal that could not read all that is kept reads all of it the next time', async () => {
  const records = new HeldRecords({ records: 2, bytes: 1_000 });
  const entries = ['a', 'b', 'c'].map((eventId, order) => [eventId, write(order)] as const);
  let breaks = true;
  const journal = new Journal(
    Object.assign(records, {
      async *entries() {
        yield entries.slice(0, 2);
        if (breaks) throw new InstantNodeError('storage', 'the connection was lost');
        // One may be given twice.
        yield entries.slice(1);
      },
    }),
    () => {},
  );
  await expect(journal.load()).rejects.toThrow('the connection was lost');
  breaks = false;
  const { writes } = await journal.load();
  expect(writes.map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c']);
});

test('what was put long before it is known who made it is saved once that is known, though nobody waits for it', async () => {
  const records = new HeldRecords(undefined);
  const journal = new Journal(records, () => {});
  await journal.load();
  journal.put('early', write(1));
  // As long as the journal takes its time, and begun after it.
  await new Promise((resolve) => setTimeout(resolve, 100));
  journal.setAuthor({ userId: null, isAdmin: false });
  await records.called(1);
  expect(records.calls).toEqual([['early']]);
  journal.stop();
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

/** A journal with these writes in its storage, of which what is called from now on waits. */
async function journalOf(ids: readonly string[], maxBatch: BatchLimit | undefined) {
  const made = await journalOver(maxBatch);
  await put(made.journal, ids);
  made.records.calls.length = 0;
  made.records.isHolding = true;
  return made;
}

/** Lets what was called go on, until so many calls were made. */
async function letGo(records: HeldRecords, calls: number): Promise<void> {
  for (const go of records.held.splice(0)) go();
  await records.called(calls);
}

test('what is delivered is removed with the next piece, while others are kept anew', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const { records, journal } = await journalOf(ids, { records: 2, bytes: 1_000_000 });
  for (const eventId of ids) journal.put(eventId, write(0, 'with attributes of the server'));
  const flushed = journal.flush();
  await records.called(1);
  journal.remove('a');
  journal.remove('c');
  await letGo(records, 3);
  expect(records.calls).toEqual([
    ['a', 'b'],
    ['-a', '-c'],
    ['d', 'e'],
  ]);
  journal.remove('f');
  records.isHolding = false;
  await letGo(records, 4);
  await flushed;
  // What was removed before its turn is not kept anew.
  expect(records.calls.slice(3)).toEqual([['-f']]);
  expect([...records.kept]).toEqual(['b', 'd', 'e']);
});

test('who waits for a new write does not wait for those that are kept anew', async () => {
  const ids = ['a', 'b', 'c', 'd'];
  const { records, journal } = await journalOf(ids, { records: 1, bytes: 1_000_000 });
  for (const eventId of ids) journal.put(eventId, write(0, 'again'));
  const flushed = journal.flush();
  await records.called(1);
  for (const eventId of ['new 1', 'new 2']) journal.put(eventId, write(1));
  const saved = journal.saved('new 2');
  records.isHolding = false;
  await letGo(records, 2);
  await Promise.all([saved, flushed]);
  expect(records.calls.flat()).toEqual(['a', 'new 1', 'new 2', 'b', 'c', 'd']);
});

test('pieces of what is kept anew are small, also where a batch may be large', async () => {
  const ids = Array.from({ length: 2_500 }, (_, index) => `write ${index}`);
  const { records, journal } = await journalOf(ids, { records: Number.POSITIVE_INFINITY, bytes: 16_000_000 });
  records.isHolding = false;
  for (const eventId of ids) journal.put(eventId, write(0, 'again'));
  await journal.flush();
  expect(records.calls.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
});

describe('a journal is behind', () => {
  const ids = Array.from({ length: 2_500 }, (_, index) => `write ${index}`);
  const large: BatchLimit = { records: Number.POSITIVE_INFINITY, bytes: 16_000_000 };

  test('with a thousand delivered writes in the storage, until they are removed', async () => {
    const { records, journal } = await journalOf(ids, large);
    const outcomes: boolean[] = [];
    journal.onOutcome = () => outcomes.push(journal.isBehind);
    for (const eventId of ids.slice(0, 999)) journal.remove(eventId);
    expect(journal.isBehind).toBe(false);
    journal.remove('write 999');
    expect(journal.isBehind).toBe(true);
    // Those that come while it catches up are counted with those under way, and removed in their turn.
    await records.called(1);
    journal.remove('write 1000');
    expect(journal.isBehind).toBe(true);
    await letGo(records, 1);
    await journal.settled();
    expect(outcomes.at(-1)).toBe(false);
    expect(journal.isBehind).toBe(false);
    records.isHolding = false;
    await journal.flush();
    expect(records.calls.map(({ length }) => length)).toEqual([1_000, 1]);
    expect(records.kept.size).toBe(1_499);
  });

  test('not while its storage fails, which is told, nor when that is lost', async () => {
    const { records, journal, reports } = await journalOf(ids, large);
    records.isHolding = false;
    records.failing.set('write 0', full);
    for (const eventId of ids) journal.remove(eventId);
    expect(journal.isBehind).toBe(true);
    await expect(journal.flush()).rejects.toBe(full);
    expect(journal.isBehind).toBe(false);
    expect(reports).toHaveLength(1);
    records.failing.clear();
    await journal.flush();
    expect(records.kept.size).toBe(0);
    await put(journal, ids);
    for (const eventId of ids) journal.remove(eventId);
    expect(journal.isBehind).toBe(true);
    journal.end();
    expect(journal.isBehind).toBe(false);
  });

  test('never over a storage of which each call costs as much as everything in it', async () => {
    const { journal } = await journalOf(ids, undefined);
    for (const eventId of ids) journal.remove(eventId);
    expect(journal.isBehind).toBe(false);
  });
});

test('a write whose piece has failed is not said to be kept while the others are saved', async () => {
  const { records, journal } = await journalOf([], { records: 1, bytes: 1_000_000 });
  records.failing.set('a', full);
  for (const eventId of ['a', 'b']) journal.put(eventId, write(0));
  const flushed = journal.flush().catch((error: unknown) => error);
  await records.called(1);
  for (const go of records.held.splice(0)) go();
  await records.called(2);
  let isSaved = false;
  const saved = journal.saved('a').then(() => {
    isSaved = true;
  });
  for (const go of records.held.splice(0)) go();
  await flushed;
  expect(isSaved).toBe(false);
  records.failing.clear();
  records.isHolding = false;
  await letGo(records, 3);
  await saved;
  expect([...records.kept].sort()).toEqual(['a', 'b']);
});

test('whatever is put, removed and refused, the storage ends with the newest of each', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const names = Array.from({ length: 12 }, (_, index) => `write ${index}`);
  for (let round = 0; round < 100; round++) {
    const { records, journal } = await journalOver({ records: 1 + random.below(4), bytes: 1_000_000 });
    const wanted = new Map<string, number>();
    const waits: Promise<unknown>[] = [];
    for (let step = 0; step < 60; step++) {
      const eventId = random.pick(names);
      const what = random.below(10);
      if (what < 5) {
        wanted.set(eventId, step);
        journal.put(eventId, write(step));
      } else if (what < 8) {
        wanted.delete(eventId);
        journal.remove(eventId);
      } else if (what < 9) waits.push(journal.flush().catch(() => {}));
      else {
        records.isHolding = random.below(2) === 0;
        if (random.below(2) === 0) records.failing.set(random.pick(names), full);
        else records.failing.clear();
        for (const go of records.held.splice(0)) go();
      }
      for (let turn = random.below(3); turn > 0; turn--)
        await new Promise((resolve) => setImmediate(resolve));
    }
    records.isHolding = false;
    records.failing.clear();
    for (const go of records.held.splice(0)) go();
    await Promise.all(waits);
    await journal.flush();
    const kept = [...records.values].map(([eventId, { order }]) => [eventId, order]);
    expect({ seed, round, kept: kept.sort() }).toEqual({ seed, round, kept: [...wanted].sort() });
    expect(names.filter((eventId) => journal.standing(eventId) === 'kept').sort()).toEqual(
      [...wanted.keys()].sort(),
    );
    expect(names.filter((eventId) => journal.standing(eventId) === 'saving')).toEqual([]);
  }
});
