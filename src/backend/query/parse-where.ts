import { isObject } from '../../protocol/json.ts';
import { assertDepth, type GrammarContext, type QueryIssue, type QueryPath, queryError } from './grammar.ts';
import type { ComparatorName, Condition, Scalar, ValueCheck } from './query-form.ts';

const COMPARATORS: ReadonlySet<string> = new Set<ComparatorName>([
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$like',
  '$ilike',
]);

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

type Checked = { check: ValueCheck } | { issue: { expected: string; at: QueryPath } };

function problem(expected: string, ...at: (string | number)[]): Checked {
  return { issue: { expected, at } };
}

function checkOperator(op: string, value: unknown): Checked {
  if (op === '$in' || op === 'in') {
    if (!Array.isArray(value)) return problem('vector?', op);
    const wrong = value.findIndex((item) => item !== null && !isScalar(item));
    return wrong < 0 ? { check: { op: 'in', values: value } } : problem('in-value-valid?', op, wrong);
  }
  if (op === '$isNull') {
    return typeof value === 'boolean' ? { check: { op: 'isNull', isNull: value } } : problem('boolean?', op);
  }
  if (op !== '$not' && op !== '$ne' && !COMPARATORS.has(op)) return problem('where-value-valid-keys?');
  if (!isScalar(value)) return problem('where-value-valid?', op);
  if (op === '$not' || op === '$ne') return { check: { op: 'not', value } };
  return { check: { op: 'compare', comparator: op as ComparatorName, value } };
}

/** Only one operator of an object counts: `$not` before all others, else the one written first. */
function checkValue(value: unknown): Checked {
  if (isScalar(value)) return { check: { op: 'equals', value } };
  if (!isObject(value)) return problem('where-value-valid?');
  const checks = Object.entries(value).map(([op, operand]) => checkOperator(op, operand));
  const wrong = checks.find((checked) => 'issue' in checked);
  const not = checks.find((checked) => 'check' in checked && checked.check.op === 'not');
  return wrong ?? not ?? checks[0] ?? problem('where-value-valid?');
}

function parseValue(context: GrammarContext, key: string, value: unknown, at: QueryPath): Condition {
  const path = key.split('.');
  assertDepth(context, path.length, at);
  const checked = checkValue(value);
  if ('check' in checked) return { kind: 'value', path, check: checked.check };
  const issue: QueryIssue = { expected: checked.issue.expected, in: [...at, 1, ...checked.issue.at] };
  context.malformed.push(issue);
  return { kind: 'and', of: [] };
}

interface Place {
  /** Where the `$` of the form is, for errors of grammar. */
  options: QueryPath;
  /** Where the condition stands among the parsed ones, for errors of values. */
  spec: QueryPath;
  depth: number;
}

function parseList(context: GrammarContext, kind: 'and' | 'or', list: unknown[], place: Place): Condition {
  if (list.length === 0) {
    const message = `The list of \`${kind}\` conditions can't be empty.`;
    throw queryError(context.query, { expected: 'non-empty-list?', in: [...place.options, kind], message });
  }
  const of = list.map((element, index): Condition => {
    const spec = [...place.spec, kind, index];
    if (!isObject(element))
      throw queryError(context.query, { expected: 'map?', in: [...place.options, kind, index] });
    return { kind: 'and', of: parseConditions(context, element, { ...place, spec, depth: place.depth + 1 }) };
  });
  return { kind, of };
}

function parseConditions(context: GrammarContext, where: Record<string, unknown>, place: Place): Condition[] {
  assertDepth(context, place.depth, place.options);
  return Object.entries(where).map(([key, value], index) => {
    const spec = [...place.spec, index];
    if ((key === 'and' || key === 'or') && Array.isArray(value)) {
      return parseList(context, key, value, { ...place, spec });
    }
    return parseValue(context, key, value, spec);
  });
}

/**
 * Reads a where clause. `options` is the path of the form's `$`, `spec` the place of the form among the parsed forms:
 * the server names the one or the other, depending on the problem.
 */
export function parseWhere(
  context: GrammarContext,
  where: unknown,
  options: QueryPath,
  spec: QueryPath,
): Condition[] {
  if (!isObject(where)) throw queryError(context.query, { expected: 'map?', in: [...options, 'where'] });
  return parseConditions(context, where, { options, spec: [...spec, 'option-map', 'where-conds'], depth: 1 });
}
