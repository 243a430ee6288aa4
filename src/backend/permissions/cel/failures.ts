import { abortRule } from './meter.ts';

/** An evaluation fails, and more can be said about it than the server says. */
export class RuleFailure extends Error {
  override readonly name: string = 'RuleFailure';
  /** The kind of failure, as the evaluator calls it. */
  readonly code: string | undefined;
  /** What would do instead. */
  readonly hint: string;

  constructor(message: string, { code, hint }: { code?: string; hint: string }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/**
 * A rule does with JSON what the values of Instant's server cannot: its lists of JSON have no `size`, neither have its
 * maps, which moreover cannot be iterated. Nothing catches that there: the request ends with status 500 ("Yikes,
 * something broke on our end"), whatever stands beside it in an `||`.
 */
export class LostOnServerError extends RuleFailure {
  override readonly name = 'LostOnServerError';
}

/** Fails, whatever stands beside it: on the server too. */
export function loseOnServer(what: string): never {
  abortRule(
    new LostOnServerError(`The rule fails on Instant, whose server cannot ${what}`, {
      hint: 'With JSON work `in`, `exists`, `all`, `map`, `filter`, `==` on lists, and the keys of a map; `data.ref` gives lists that work in full',
    }),
  );
}
