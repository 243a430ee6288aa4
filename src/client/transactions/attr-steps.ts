import type { Mutation, TransactionStep } from './transactions.ts';

const OTHER_ATTR_OPS = new Set(['update-attr', 'delete-attr']);

/**
 * The steps of pending writes that concern attributes. Until a session has sent the server's attributes, core makes
 * every write add all that it names, so there are as many of these steps as writes, and few of them differ.
 */
export class AttrSteps {
  /** The attributes that writes add, by their ids, with how many writes add each. */
  readonly #added: Map<unknown, { step: TransactionStep; count: number }> = new Map();
  /** Writes that change or delete attributes, which no API of core makes. */
  readonly #others: Map<string, Mutation> = new Map();
  #count = 0;

  /** Whether any pending write has such a step. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(eventId: string, mutation: Mutation): void {
    for (const step of mutation['tx-steps']) {
      if (step[0] === 'add-attr') this.#countAdded(step, 1);
      else if (OTHER_ATTR_OPS.has(step[0])) {
        this.#count++;
        this.#others.set(eventId, mutation);
      }
    }
  }

  remove(eventId: string, mutation: Mutation): void {
    this.#others.delete(eventId);
    for (const step of mutation['tx-steps']) {
      if (step[0] === 'add-attr') this.#countAdded(step, -1);
      else if (OTHER_ATTR_OPS.has(step[0])) this.#count--;
    }
  }

  /** The attribute of this id that a write adds; undefined when none does. */
  added(id: string): unknown {
    return this.#added.get(id)?.step[1];
  }

  /** As few writes as possible with the same effect on attributes as all pending ones. */
  condensed(): Map<string, Mutation> {
    const steps = [...this.#added.values()].map(({ step }) => step);
    const adding: Mutation = { op: 'transact', 'tx-steps': steps, created: 0, order: 0 };
    return new Map([['', adding], ...this.#others]);
  }

  #countAdded(step: TransactionStep, by: 1 | -1): void {
    const { id } = Object(step[1]) as { id?: unknown };
    const count = (this.#added.get(id)?.count ?? 0) + by;
    this.#count += by;
    if (count > 0) this.#added.set(id, { step, count });
    else this.#added.delete(id);
  }
}
