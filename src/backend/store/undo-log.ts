import type { Attr, Triple } from '../../protocol/attr.ts';

/** One change to the data of an app. A replaced value is a removal followed by an addition. */
export type Change =
  | { kind: 'add'; triple: Triple }
  | { kind: 'remove'; triple: Triple }
  | { kind: 'attr'; before: Attr | undefined; after: Attr | undefined };

/** How to revert something. */
type Undo =
  | { readonly change: Change; readonly undo: (change: Change) => void }
  | { readonly change: undefined; readonly undo: () => void };

/**
 * What a transaction changed, in order, and how to revert it. The store and the catalog of an app share one undo log,
 * so that a failed transaction leaves both as they were.
 */
export class UndoLog {
  #changes: Change[] = [];
  #undo: Undo[] = [];

  /** The changes of the running transaction so far, in order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Registers how to revert something that is not a change in itself, such as a rebuilt index. */
  onRollback(undo: () => void): void {
    this.#undo.push({ change: undefined, undo });
  }

  /** Records a change that has been made, and the function that reverts it, which many changes may share. */
  record(change: Change, undo: (change: Change) => void): void {
    this.#changes.push(change);
    this.#undo.push({ change, undo });
  }

  /** Runs `work` and returns its changes; when it throws, they are reverted before the error is rethrown. */
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
