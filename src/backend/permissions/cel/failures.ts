import { abortRule } from './meter.ts';

/** An evaluation failed, with more detail than the server gives. */
export class RuleFailure extends Error {
  override readonly name: string = 'RuleFailure';
  /** The evaluator's code for the failure. */
  readonly code: string | undefined;
  /** What to do instead. */
  readonly hint: string;

  constructor(message: string, { code, hint }: { code?: string; hint: string }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/**
 * A rule does something with JSON that fails on Instant's server, whose JSON lists and maps have no `size`, and whose
 * JSON maps cannot be iterated. Nothing catches that there: the request ends with status 500 ("Yikes, something broke
 * on our end"), even if the other side of an `||` is true.
 */
export class LostOnServerError extends RuleFailure {
  override readonly name = 'LostOnServerError';
}

/** Fails even if the other side of an `||` is true, as on the server. */
export function loseOnServer(what: string): never {
  abortRule(
    new LostOnServerError(`The rule fails on Instant, whose server cannot ${what}`, {
      hint: 'With JSON work `in`, `exists`, `all`, `map`, `filter`, `==` on lists, and the keys of a map; `data.ref` gives lists that work in full',
    }),
  );
}
