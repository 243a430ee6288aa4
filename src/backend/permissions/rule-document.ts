import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import type { Binds } from './cel/binds.ts';
import { RuleCompileError } from './cel/compile-error.ts';

/** A path in a rules document. */
export type RulePath = readonly string[];

/** The value at a path of a rules document; undefined when it is missing or null. */
export function ruleAt(code: JsonObject, path: RulePath): JsonValue | undefined {
  let here: JsonValue | undefined = code;
  for (const key of path) {
    if (!isObject(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key] as JsonValue | undefined;
  }
  return here ?? undefined;
}

/** The binds of a namespace as alternating names and expressions, in whichever form they were written. */
export function bindList(code: JsonObject, etype: string): readonly JsonValue[] {
  const bind = ruleAt(code, [etype, 'bind']);
  if (Array.isArray(bind)) return bind;
  return isObject(bind) ? (Object.entries(bind).flat() as JsonValue[]) : [];
}

/**
 * The binds available to the rules of a namespace: its own, which take precedence, and those of `$default`.
 *
 * @throws {RuleCompileError} when they do not come in pairs.
 */
export function bindsOf(code: JsonObject, etype: string): Binds {
  const list = [...bindList(code, '$default'), ...bindList(code, etype)];
  if (list.length % 2 !== 0) throw new RuleCompileError('bind should have an even number of elements');
  const binds = new Map<string, string>();
  for (let i = 0; i < list.length; i += 2) binds.set(String(list[i]), expressionText(list[i + 1]));
  return binds;
}

/**
 * The text of an expression, which may be written as a boolean.
 *
 * @throws {RuleCompileError} when it is neither.
 */
export function expressionText(expression: JsonValue | undefined): string {
  if (typeof expression === 'string') return expression;
  if (typeof expression === 'boolean') return String(expression);
  throw new RuleCompileError('There was an unexpected error evaluating the rules');
}
