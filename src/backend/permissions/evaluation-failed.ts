import { ServerError } from '../../protocol/error.ts';
import { LostOnServerError, RuleFailure } from './cel/failures.ts';
import { RuleTooCostlyError } from './cel/meter.ts';
import { withPublicNames } from './cel/public-names.ts';
import type { Program } from './program.ts';

/** The server's names for evaluation failures; all others are `INTERNAL_ERROR`. */
const KINDS: Readonly<Record<string, string>> = {
  no_such_key: 'ATTRIBUTE_NOT_FOUND',
  no_such_overload: 'OVERLOAD_NOT_FOUND',
  no_matching_overload: 'OVERLOAD_NOT_FOUND',
  invalid_logical_operand: 'OVERLOAD_NOT_FOUND',
  invalid_condition_type: 'OVERLOAD_NOT_FOUND',
  index_out_of_bounds: 'INDEX_OUT_OF_BOUNDS',
  index_out_of_range: 'INDEX_OUT_OF_BOUNDS',
  division_by_zero: 'DIVIDE_BY_ZERO',
  modulo_by_zero: 'DIVIDE_BY_ZERO',
  numeric_overflow: 'NUMERIC_OVERFLOW',
  invalid_regular_expression: 'INVALID_ARGUMENT',
  invalid_duration: 'BAD_FORMAT',
  int_conversion_error: 'BAD_FORMAT',
  double_conversion_error: 'BAD_FORMAT',
  bool_conversion_error: 'BAD_FORMAT',
};

/**
 * The error for a rule whose evaluation failed; with `verbose` it includes the evaluator's message. Limits that the
 * server does not report are always explained, with what to do instead.
 */
export function evaluationFailed(program: Program, error: unknown, verbose: boolean): ServerError {
  const { code, summary, message } = error as { code?: unknown; summary?: unknown; message?: unknown };
  const isCost = error instanceof RuleTooCostlyError;
  const isOurs = isCost || error instanceof LostOnServerError;
  const reason =
    verbose || isOurs ? withPublicNames(String(summary ?? message ?? error)) : 'You may have a typo';
  const { etype, action } = program;
  const text = `Could not evaluate permission rule for \`${etype}.${action}\`. ${reason}. Debug this in the sandbox and then update your permission rules.`;
  const kind = KINDS[String(code)] ?? 'INTERNAL_ERROR';
  return new ServerError('permission-evaluation-failed', text, {
    rule: [etype, action],
    error: {
      type: isCost ? 'ITERATION_BUDGET_EXCEEDED' : kind,
      message: text,
      hint: error instanceof RuleFailure ? error.hint : reason,
    },
  });
}
