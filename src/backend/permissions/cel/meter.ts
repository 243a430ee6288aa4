/** How many steps one evaluation of a rule may take. */
const STEPS_PER_RULE = 200_000;

/** How many steps all rules together may take for one query or transaction. */
const STEPS_PER_RUN = 10_000_000;

/** A rule, or all rules of a run, took more steps than they may. */
export class RuleTooCostlyError extends Error {
  override readonly name = 'RuleTooCostlyError';
}

/**
 * Counts the steps that the rules of one query or transaction take.
 *
 * The evaluator ignores an error when the other side of an `||` or `&&` decides the result. An error that must end the
 * evaluation regardless is raised with {@link abort}: after it, every further step fails, and so does the evaluation as
 * a whole.
 */
export class Meter {
  #inRule = 0;
  #inRun = 0;
  #reason: Error | undefined;

  /** Counts steps. */
  charge(steps: number): void {
    if (this.#reason) throw this.#reason;
    this.#inRule += steps;
    this.#inRun += steps;
    if (this.#inRule > STEPS_PER_RULE) {
      this.abort(new RuleTooCostlyError(`The rule takes more than ${STEPS_PER_RULE} steps`));
    }
    if (this.#inRun > STEPS_PER_RUN) {
      this.abort(new RuleTooCostlyError(`The rules take more than ${STEPS_PER_RUN} steps in all`));
    }
  }

  /** Ends the running evaluation with an error that no operator can mask. */
  abort(reason: Error): never {
    this.#reason ??= reason;
    throw this.#reason;
  }

  /** Runs one evaluation; {@link charge} and {@link abortRule} apply to it meanwhile. */
  run<T>(evaluate: () => T): T {
    const before = current;
    current = this;
    this.#inRule = 0;
    this.#reason = undefined;
    try {
      const result = evaluate();
      if (this.#reason) throw this.#reason;
      return result;
    } catch (error) {
      throw this.#reason ?? error;
    } finally {
      current = before;
    }
  }
}

let current: Meter | undefined;

/** Counts steps of the running evaluation. */
export function charge(steps: number): void {
  current?.charge(steps);
}

/** Ends the running evaluation, see {@link Meter.abort}. */
export function abortRule(reason: Error): never {
  if (current) current.abort(reason);
  throw reason;
}
