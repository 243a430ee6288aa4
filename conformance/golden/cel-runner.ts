import { isObject, type JsonObject, type JsonValue } from '../../src/protocol/json.ts';
import type { Bench } from './bench.ts';
import { matches } from './compare-answer.ts';
import type { CelCase } from './perm-case.ts';
import { errorDifferences, type WireError } from './tx-expectations.ts';
import { asUser, type WireCase } from './wire-case.ts';

const ETYPE = 'things';
const ENTITY = '00000000-0000-4000-8000-000000000001';
/** What a rule can be asked about over the wire: what is stored, and what is written. */
const BOUND = ['data', 'newData'];

type Action = 'view' | 'create' | 'update' | 'delete';

/** Rules of these can be asked one by one over the wire. */
const ASKABLE: readonly string[] = ['view', 'create', 'update', 'delete'] satisfies Action[];

/** A rule for an action that Instant does not have is compiled as one that writes. */
function actionOf({ ruleAction }: CelCase): Action {
  return ASKABLE.includes(ruleAction) ? (ruleAction as Action) : 'create';
}

/** Why a rule cannot be asked over the wire as a case asks it; undefined when it can. */
export function notAskable({ code, bindings = {}, ruleAction, expect }: CelCase): string | undefined {
  if (ruleAction === 'link' || ruleAction === 'unlink') return 'nobody can ask a rule for links alone';
  if (!isObject(expect) || 'compileError' in expect || 'compiles' in expect) return undefined;
  const unbound = Object.keys(bindings).filter((name) => !BOUND.includes(name));
  if (unbound.length > 0) return `nobody can choose ${unbound.join()} over the wire`;
  const isWritten = ruleAction !== 'view' && ruleAction !== 'delete';
  const isMissing = isWritten && /\bnewData\b/.test(code) && bindings.newData === undefined;
  return isMissing ? 'it asks without newData, which every write has' : undefined;
}

/** What of a case about one rule does not hold over the wire, in words. */
export async function celDifferences(bench: Bench, wire: WireCase, testCase: CelCase): Promise<string[]> {
  const action = actionOf(testCase);
  const { expect } = testCase;
  const refused = await wire.pushRules({ [ETYPE]: { allow: { [action]: testCase.code } } });
  if (refused) return compilationDifferences(issueIn(refused), expect);
  if ('compileError' in expect || 'compiles' in expect) return compilationDifferences(undefined, expect);
  bench.setTime(timeOf(testCase));
  try {
    return outcomeDifferences(await ask(wire, action, testCase), expect);
  } finally {
    bench.setTime(undefined);
  }
}

/** Where a case does not say when its rule is asked, its source means the moment at which it runs. */
export function timeOf({ requestTime }: CelCase): number {
  return requestTime === undefined ? Date.now() : Date.parse(requestTime);
}

/** What does not hold of whether a rule compiles. */
export function compilationDifferences(failed: WireError | undefined, expect: CelCase['expect']): string[] {
  if ('compileError' in expect) return failed ? errorDifferences(failed, expect.compileError) : ['compiles'];
  return failed ? [`does not compile: ${failed.message}`] : [];
}

/** What is wrong with a rule: where that is several things, all of them. */
function issueIn({ type, message, hint }: WireError): WireError {
  const issues = isObject(hint) && Array.isArray(hint.errors) ? hint.errors : [];
  const messages = issues.map((issue) => String(issue.message));
  return { type, message: messages.length > 0 ? messages.join('\n') : message, hint };
}

/** What came of asking a rule. */
export type Outcome = { readonly came: unknown } | { readonly failed: WireError };

/** What does not hold of what came of asking a rule. */
export function outcomeDifferences(outcome: Outcome, expect: CelCase['expect']): string[] {
  if ('error' in expect) {
    return 'failed' in outcome
      ? errorDifferences(outcome.failed, expect.error)
      : [`came to ${JSON.stringify(outcome.came)}, though an error is expected`];
  }
  if (!('result' in expect)) return [];
  if ('failed' in outcome) return [`failed: ${outcome.failed.message}`];
  const { came } = outcome;
  return matches(came, expect.result)
    ? []
    : [`came to ${JSON.stringify(came)}, expected ${JSON.stringify(expect.result)}`];
}

/** Has the rule asked about one entity, by what tells an admin which rules say what. */
async function ask(wire: WireCase, action: Action, { bindings = {} }: CelCase): Promise<Outcome> {
  const data = valuesOf(bindings.data);
  const written = valuesOf(bindings.newData ?? bindings.data);
  const nobody = wire.admin.with(asUser(undefined));
  if (action !== 'create') await store(wire, data);
  const { status, body } =
    action === 'view'
      ? await nobody.post('/admin/query_perms_check', { query: { [ETYPE]: {} } })
      : await nobody.post('/admin/transact_perms_check', { steps: [stepOf(action, written)] });
  if (status !== 200) return { failed: body as WireError };
  const checks = (body['check-results'] as Check[]).filter((check) => isOf(check, action));
  const [check] = checks;
  if (!check || checks.length > 1) throw new Error(`The rule was asked ${checks.length} times`);
  return { came: action === 'view' ? check.check : check['check-result'] };
}

interface Check {
  readonly program?: { readonly etype: string; readonly action: string };
  readonly check?: unknown;
  readonly 'check-result'?: unknown;
}

function isOf({ program }: Check, action: Action): boolean {
  return program?.etype === ETYPE && program.action === action;
}

function valuesOf(binding: unknown): JsonObject {
  return isObject(binding) ? (binding as JsonObject) : {};
}

function stepOf(action: Exclude<Action, 'view'>, values: JsonObject): JsonValue {
  return action === 'delete' ? ['delete', ETYPE, ENTITY] : ['update', ETYPE, ENTITY, values];
}

async function store(wire: WireCase, values: JsonObject): Promise<void> {
  const { status, body } = await wire.admin.post('/admin/transact', { steps: [stepOf('update', values)] });
  if (status !== 200) throw new Error(`The data of a rule is refused: ${JSON.stringify(body)}`);
}
