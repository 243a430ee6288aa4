import type { Attr, Triple } from '../../protocol/attr.ts';

/** One change to the data of an app. A replaced value is a removal followed by an addition. */
export type Change =
  | { kind: 'add'; triple: Triple }
  | { kind: 'remove'; triple: Triple }
  | { kind: 'attr'; before: Attr | undefined; after: Attr | undefined };

/** How to take something back. */
type Undo =
  | { readonly change: Change; readonly undo: (change: Change) => void }
  | { readonly change: undefined; readonly undo: () => void };

/**
 * What a transaction changed, in order, and how to take it back. The store and the catalog of an app write into one
 * undo log, so that a failed transaction leaves both as they were.
 */
export class UndoLog {
  #changes: Change[] = [];
  #undo: Undo[] = [];

  /** What the running transaction has changed so far, in order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Notes how to take back something that is no change of its own, such as an index that was built anew. */
  onRollback(undo: () => void): void {
    this.#undo.push({ change: undefined, undo });
  }

  /** Notes a change that has been made, and what takes it back: one function may do so for many. */
  record(change: Change, undo: (change: Change) => void): void {
    this.#changes.push(change);
    this.#undo.push({ change, undo });
  }

  /** Runs `work`: its changes are returned, or, when it throws, undone before the error goes on. */
  transaction<T>(work: () => T): { result: T; changes: Change[] } {
    this.#changes = [];
    this.#undo = [];
    try {
      return { result: work(), changes: this.#changes };
    } catch (error) {
      for (const step of this.#undo.reverse()) takeBack(step);
      throw error;
    } finally {
      this.#changes = [];
      this.#undo = [];
    }
  }
}

function takeBack(step: Undo): void {
  if (step.change) step.undo(step.change);
  else step.undo();
}
