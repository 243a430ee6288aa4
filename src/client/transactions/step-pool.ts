import { sameValue } from '../values/same-value.ts';
import type { Mutation, TransactionStep } from './transactions.ts';

/**
 * Shares equal steps between writes: until the server has sent its attributes, each write adds all that it names. Read
 * from a storage, each would have a copy of its own, which is most of a write's memory; and likewise of the names of
 * operations and attributes, and of the entity's id in each of its steps.
 */
export class StepPool {
  /** By the id of the attribute. */
  readonly #steps: Map<unknown, TransactionStep> = new Map();
  /** Operations and attributes, by themselves. */
  readonly #names: Map<unknown, unknown> = new Map();

  /** Replaces parts of a write, in place, by equal parts of earlier ones; returns the write. */
  share<M extends Mutation>(mutation: M): M {
    const steps = mutation['tx-steps'];
    let entity: unknown;
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index] as unknown[];
      if (step[0] === 'add-attr') {
        steps[index] = this.#shared(step as TransactionStep);
        continue;
      }
      step[0] = this.#named(step[0]);
      if (step[1] === entity) step[1] = entity;
      else entity = step[1];
      if (typeof step[2] === 'string') step[2] = this.#named(step[2]);
      // The value of an `id` is the entity itself.
      if (step[3] === entity) step[3] = entity;
    }
    return mutation;
  }

  #named(name: unknown): unknown {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, name);
    return name;
  }

  #shared(step: TransactionStep): TransactionStep {
    const { id } = Object(step[1]) as { id?: unknown };
    const known = this.#steps.get(id);
    if (known && sameValue(known, step)) return known;
    this.#steps.set(id, step);
    return step;
  }
}
