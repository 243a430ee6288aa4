import { InstantNodeError } from '../../errors.ts';
import { nestsDeeper } from '../values/depth.ts';
import { describeRecord, type RecordChange, recordName } from './record-store.ts';

/**
 * How deep a value may nest to be stored: every runtime can write and copy that much, although Bun's cost grows with
 * the square of it.
 */
const MAX_DEPTH = 1_000;

/** Keeps values that nest too deep out of a storage, which they would slow down or break, and reports each once. */
export class DepthLimit {
  readonly #report: (error: InstantNodeError) => void;
  /** The records that are left out, by their names. */
  readonly #tooDeep: Set<string> = new Set();

  /** `report` gets an error for each value that is left out. */
  constructor(report: (error: InstantNodeError) => void) {
    this.#report = report;
  }

  /** The change itself, or one that removes the record instead. */
  applied(change: RecordChange): RecordChange {
    const [store, key, value] = change;
    const name = recordName(store, key);
    if (!nestsDeeper(value, MAX_DEPTH)) {
      this.#tooDeep.delete(name);
      return change;
    }
    if (!this.#tooDeep.has(name)) {
      this.#tooDeep.add(name);
      const message = `Cannot keep ${describeRecord(store, key)}: it nests more than ${MAX_DEPTH} levels deep`;
      this.#report(new InstantNodeError('storage', message));
    }
    return [store, key, undefined];
  }
}
