import { sameValue } from '../queries/same-value.ts';
import type { Mutation, TransactionStep } from '../transactions.ts';

/**
 * Steps that are the same in many writes: until the server has told its attributes, each write adds all that it names.
 * Read from a storage, each would have a copy of its own, which is most of what a write takes.
 */
export class StepPool {
  /** By the id of the attribute. */
  readonly #steps: Map<unknown, TransactionStep> = new Map();

  /** The same write, with steps of others in the place of equal ones; changed in place. */
  share<M extends Mutation>(mutation: M): M {
    const steps = mutation['tx-steps'];
    for (const [index, step] of steps.entries()) {
      if (step[0] === 'add-attr') steps[index] = this.#shared(step);
    }
    return mutation;
  }

  #shared(step: TransactionStep): TransactionStep {
    const { id } = Object(step[1]) as { id?: unknown };
    const known = this.#steps.get(id);
    if (known && sameValue(known, step)) return known;
    this.#steps.set(id, step);
    return step;
  }
}
