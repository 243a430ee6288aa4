import type { Attr, Triple } from '../../protocol/attr.ts';

/** One change to the data of an app. A replaced value is a removal followed by an addition. */
export type Change =
  | { kind: 'add'; triple: Triple }
  | { kind: 'remove'; triple: Triple }
  | { kind: 'attr'; before: Attr | undefined; after: Attr | undefined };

/**
 * What a transaction changed, in order, and how to take it back. The store and the catalog of an app write into one
 * journal, so that a failed transaction leaves both as they were.
 */
export class Journal {
  #changes: Change[] = [];
  #undo: (() => void)[] = [];

  /** What the running transaction has changed so far, in order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Notes how to take back something that is no change of its own, such as an index that was built anew. */
  onRollback(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Notes a change that has been made, and how to take it back. */
  record(change: Change, undo: () => void): void {
    this.#changes.push(change);
    this.#undo.push(undo);
  }

  /** Runs `work`: its changes are returned, or, when it throws, undone before the error goes on. */
  transaction<T>(work: () => T): { result: T; changes: Change[] } {
    this.#changes = [];
    this.#undo = [];
    try {
      return { result: work(), changes: this.#changes };
    } catch (error) {
      for (const undo of this.#undo.reverse()) undo();
      throw error;
    } finally {
      this.#changes = [];
      this.#undo = [];
    }
  }
}
