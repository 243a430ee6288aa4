import { isObject } from '../../protocol/json.ts';
import {
  assertDepth,
  checkName,
  type GrammarContext,
  type QueryIssue,
  type QueryPath,
  queryError,
} from './grammar.ts';
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

const UNKNOWN_OPERATOR = problem(checkName('where-value-valid-keys?'));

function checkOperator(op: string, value: unknown): Checked {
  switch (op) {
    case '$in':
    case 'in':
      return checkIn(op, value);
    case '$isNull':
      return typeof value === 'boolean'
        ? { check: { op: 'isNull', isNull: value } }
        : problem('boolean?', op);
    case '$not':
    case '$ne':
      return isScalar(value)
        ? { check: { op: 'not', value } }
        : problem(checkName('where-value-valid?'), '$not');
  }
  if (!COMPARATORS.has(op)) return UNKNOWN_OPERATOR;
  // The server tries one type after another, and reports the last.
  if (!isScalar(value)) return problem('boolean?', op);
  return { check: { op: 'compare', comparator: op as ComparatorName, value } };
}

function checkIn(op: string, values: unknown): Checked {
  if (!Array.isArray(values)) return problem('vector?', op);
  const wrong = values.findLastIndex((item) => item !== null && !isScalar(item));
  return wrong < 0 ? { check: { op: 'in', values } } : problem(checkName('in-value-valid?'), op, wrong);
}

function isNegation(checked: Checked): boolean {
  return 'check' in checked && checked.check.op === 'not';
}

function isEmptiness(checked: Checked): boolean {
  return 'check' in checked && checked.check.op === 'isNull' && checked.check.isNull;
}

/**
 * Only one operator of an object counts: `$not` first, then `$isNull: true`, else the one written first. An unknown
 * operator is only reported if the known ones are valid.
 */
function checkValue(value: unknown): Checked {
  if (isScalar(value)) return { check: { op: 'equals', value } };
  if (!isObject(value)) return problem('map?');
  const checks = Object.entries(value).map(([op, operand]) => checkOperator(op, operand));
  const wrong = checks.filter((checked) => 'issue' in checked);
  return (
    wrong.find((checked) => checked !== UNKNOWN_OPERATOR) ??
    wrong[0] ??
    checks.find(isNegation) ??
    checks.find(isEmptiness) ??
    checks[0] ??
    problem(checkName('where-value-valid?'))
  );
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
  /** The path of the form's `$`, for syntax errors. */
  options: QueryPath;
  /** The position of the condition among the parsed ones, for value errors. */
  spec: QueryPath;
  depth: number;
}

function parseList(context: GrammarContext, kind: 'and' | 'or', list: unknown[], place: Place): Condition {
  if (list.every((element) => isObject(element) && Object.keys(element).length === 0)) {
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
 * Parses a where clause. `options` is the path of the form's `$`, `spec` the position of the form among the parsed
 * forms: the server reports one or the other, depending on the problem.
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
