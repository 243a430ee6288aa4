import { isObject } from '../../protocol/json.ts';
import { assertDepth, assertWellFormed, countForm, type GrammarContext, queryError } from './grammar.ts';
import { type FormPlace, parseOptions } from './parse-options.ts';
import type { ParsedQuery, QueryForm } from './query-form.ts';

const RULE_PARAMS = '$$ruleParams';

function assertMap(
  context: GrammarContext,
  value: unknown,
  path: readonly string[],
): Record<string, unknown> {
  if (!isObject(value)) throw queryError(context.query, { expected: 'map?', in: [...path] });
  return value;
}

function parseForm(context: GrammarContext, label: string, value: unknown, place: FormPlace): QueryForm {
  assertDepth(context, place.path.length, place.path);
  countForm(context, place.path);
  const form = assertMap(context, value, place.path);
  const given = Object.hasOwn(form, '$') ? (form.$ ?? {}) : {};
  const options = parseOptions(context, assertMap(context, given, [...place.path, '$']), place);
  const labels = Object.keys(form).filter((key) => key !== '$');
  return { label, path: place.path, options, children: parseForms(context, form, labels, place) };
}

function parseForms(
  context: GrammarContext,
  forms: Record<string, unknown>,
  labels: readonly string[],
  above: FormPlace,
): QueryForm[] {
  return labels.map((label, index) => {
    const spec = above.path.length === 0 ? [index] : [...above.spec, 'child-forms', index];
    return parseForm(context, label, forms[label], { path: [...above.path, label], spec });
  });
}

/**
 * Parses an InstaQL query. Only what the query alone reveals is checked here; whether its names exist in an app is up
 * to the planner.
 */
export function parseQuery(query: unknown): ParsedQuery {
  const context: GrammarContext = { query, forms: 0, malformed: [] };
  const root = assertMap(context, query, []);
  const labels = Object.keys(root).filter((key) => key !== RULE_PARAMS);
  const forms = parseForms(context, root, labels, { path: [], spec: [] });
  assertWellFormed(context);
  const params = Object.hasOwn(root, RULE_PARAMS) ? root[RULE_PARAMS] : undefined;
  return { forms, ruleParams: isObject(params) ? params : {} };
}
