import { isObject } from '../../protocol/json.ts';

/**
 * A query that core's validation can print: for its messages it turns each clause of an `and` or `or` into text, which
 * fails for a condition on an attribute called `toString` or `valueOf`. The query itself when there is no such clause.
 */
export function withPrintableClauses<Query>(query: Query): Query {
  if (!isObject(query)) return query;
  return changed(query, (key, form) => (key === '$' ? inOptions(form) : withPrintableClauses(form)));
}

function inOptions(options: unknown): unknown {
  if (!isObject(options)) return options;
  return changed(options, (key, value) => (key === 'where' ? inWhere(value) : value));
}

function inWhere(where: unknown): unknown {
  if (!isObject(where)) return where;
  return changed(where, (key, value) => {
    const isList = (key === 'and' || key === 'or') && Array.isArray(value);
    if (!isList) return value;
    const clauses = value.map((clause) => printable(inWhere(clause)));
    return clauses.every((clause, index) => clause === value[index]) ? value : clauses;
  });
}

function printable(clause: unknown): unknown {
  if (!isObject(clause) || !(Object.hasOwn(clause, 'toString') || Object.hasOwn(clause, 'valueOf')))
    return clause;
  return Object.defineProperty({ ...clause }, Symbol.toPrimitive, { value: () => '[object Object]' });
}

/** `value` with its parts changed; the same object when none has. */
function changed<Value extends object>(value: Value, change: (key: string, part: unknown) => unknown): Value {
  const entries = Object.entries(value).map(([key, part]) => [key, part, change(key, part)] as const);
  if (entries.every(([, before, after]) => before === after)) return value;
  return Object.fromEntries(entries.map(([key, , after]) => [key, after])) as Value;
}
