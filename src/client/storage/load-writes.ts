import { chunksOf } from '../../drivers/storage/record-entries.ts';
import { InstantNodeError } from '../../errors.ts';
import type { AuthoredWrite } from '../transactions/pending-write.ts';
import { StepPool } from '../transactions/step-pool.ts';
import { parseCoreValue, userIdOf } from './core-values.ts';
import type { RecordEntry, RecordStore } from './record-store.ts';
import { PENDING_KEY } from './store-class.ts';
import { authoredWrite, isStoredWrite, type StoredWrite } from './stored-write.ts';

/** What earlier processes left. */
export interface LoadedWrites {
  /** Who is signed in, or null if nobody is. */
  readonly userId: string | null;
  readonly writes: readonly AuthoredWrite[];
}

/** What loading needs. */
export interface LoadParts {
  readonly records: RecordStore;
  /** Whether a write is already known, and not needed again. */
  isKnown(eventId: string): boolean;
  report(error: InstantNodeError): void;
}

/**
 * Reads all writes that the storage holds, or rejects and can be called again: it returns nothing before everything is
 * read. A record that is not a write is reported and left where it is.
 */
export async function loadWrites(parts: LoadParts): Promise<LoadedWrites> {
  const { records, isKnown, report } = parts;
  const userId = userIdOf(await records.read('kv', 'currentUser'));
  await migrateQueueOfCore(parts, userId);
  // By id, since a storage may return one twice.
  const writes = new Map<string, AuthoredWrite>();
  const pool = new StepPool();
  for await (const some of records.entries?.('writes') ?? entriesByKey(records)) {
    for (const [eventId, write] of some) {
      if (isKnown(eventId) || writes.has(eventId)) continue;
      if (isStoredWrite(write)) writes.set(eventId, authoredWrite(eventId, write, pool));
      else if (write !== null) report(unusable(`pending write "${eventId}"`));
    }
  }
  return { userId, writes: [...writes.values()] };
}

// Not all at once: that many calls in flight cost more memory than what they read.
async function* entriesByKey(records: RecordStore): AsyncGenerator<readonly RecordEntry[]> {
  for (const some of chunksOf(await records.keys('writes'))) {
    yield await Promise.all(
      some.map(async (eventId) => [eventId, await records.read('writes', eventId)] as const),
    );
  }
}

/** Core, and this package before version 2 of its format, stored all pending writes as one value. */
async function migrateQueueOfCore({ records, report }: LoadParts, user: string | null): Promise<void> {
  const stored = await records.read('kv', PENDING_KEY);
  if (stored === null) return;
  const entries = parseCoreValue(stored);
  const writes = Array.isArray(entries) ? entries.filter(isEntry) : undefined;
  // Left as it is: a person may still be able to make sense of it.
  if (!writes || writes.length < (entries as unknown[]).length) {
    return report(unusable(`"${PENDING_KEY}", where writes were kept before`));
  }
  await records.write([
    ...writes.map(([eventId, mutation]) => ['writes', eventId, { ...mutation, user }] as const),
    ['kv', PENDING_KEY, undefined],
  ]);
}

function isEntry(value: unknown): value is [eventId: string, write: StoredWrite] {
  return Array.isArray(value) && typeof value[0] === 'string' && isStoredWrite(value[1]);
}

function unusable(what: string): InstantNodeError {
  return new InstantNodeError('storage', `Cannot use ${what}: it does not hold writes as core writes them`);
}
