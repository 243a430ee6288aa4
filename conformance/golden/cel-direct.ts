import { RequestInfo } from '../../src/backend/permissions/cel/instant-functions.ts';
import { Meter } from '../../src/backend/permissions/cel/meter.ts';
import { EntityMap, fromCel, toCel } from '../../src/backend/permissions/cel/values.ts';
import { describedEntity } from '../../src/backend/permissions/entity-sources.ts';
import { evaluationFailed } from '../../src/backend/permissions/evaluation-failed.ts';
import { Rules } from '../../src/backend/permissions/index.ts';
import type { Program } from '../../src/backend/permissions/program.ts';
import { createAppData } from '../../src/backend/store/app-data.ts';
import { ServerError } from '../../src/protocol/error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../src/protocol/json.ts';
import { compilationDifferences, type Outcome, outcomeDifferences, timeOf } from './cel-runner.ts';
import { unknownPermCaseParts } from './known-perm-parts.ts';
import type { CelCase } from './perm-case.ts';
import type { WireError } from './tx-expectations.ts';

const ETYPE = 'things';
const ENTITIES = ['data', 'newData', 'linkedData', 'auth'];
const OBJECTS = ['ruleParams', 'actions'];
const OF_REQUEST = ['modifiedFields'];

/** What does not hold of a case that asks a rule about what nobody can bring about over the wire, in words. */
export function celDifferencesDirect(testCase: CelCase): string[] {
  const bindings = Object.entries(testCase.bindings ?? {}).map(
    ([name, value]) => [camelCase(name), value as JsonValue] as const,
  );
  const unknown = bindings
    .map(([name]) => name)
    .filter((name) => ![...ENTITIES, ...OBJECTS, ...OF_REQUEST].includes(name));
  if (unknown.length > 0) return unknown.map((name) => `unknown to the runner: bindings.${name}`);
  const parts = unknownPermCaseParts(testCase);
  if (parts.length > 0) return parts.map((part) => `unknown to the runner: ${part}`);
  const { expect } = testCase;
  const program = compiled(testCase);
  if (!('evaluate' in program)) return compilationDifferences(program, expect);
  if ('compileError' in expect || 'compiles' in expect) return compilationDifferences(undefined, expect);
  return outcomeDifferences(outcomeOf(program, testCase, new Map(bindings)), expect);
}

function compiled({ code, ruleAction }: CelCase): Program | WireError {
  const isLink = ruleAction === 'link' || ruleAction === 'unlink';
  const known = ['view', 'update', 'delete'].includes(ruleAction);
  const action = known ? (ruleAction as 'view' | 'update' | 'delete') : 'create';
  const allow = isLink ? { [ruleAction]: { other: code } } : { [action]: code };
  const rules = new Rules({ [ETYPE]: { allow } });
  try {
    const program = isLink ? rules.linkProgram(ETYPE, ruleAction, 'other') : rules.program(ETYPE, action);
    if (!program) throw new Error('The rule of a case is not found');
    return program;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const { errors } = error.hint as { errors: { message: string }[] };
    return { type: error.type, message: errors.map(({ message }) => message).join('\n'), hint: error.hint };
  }
}

function outcomeOf(program: Program, testCase: CelCase, bindings: ReadonlyMap<string, JsonValue>): Outcome {
  const { catalog, triples: reader } = createAppData();
  const entity = (name: string): EntityMap => {
    const values = bindings.get(name);
    const known = isObject(values) ? (values as JsonObject) : undefined;
    return new EntityMap(describedEntity({ catalog, reader }, ETYPE, known));
  };
  const variables = new Map<string, unknown>([
    ['data', entity('data')],
    ['auth', entity('auth')],
    ['ruleParams', toCel({})],
    ['rateLimit', new Map()],
    [
      'request',
      new RequestInfo({
        modifiedFields: (bindings.get('modifiedFields') ?? []) as string[],
        time: new Date(timeOf(testCase)),
        ip: null,
        origin: null,
      }),
    ],
  ]);
  for (const name of ENTITIES) if (bindings.has(name)) variables.set(name, entity(name));
  for (const name of OBJECTS) if (bindings.has(name)) variables.set(name, toCel(bindings.get(name)));
  try {
    return { came: fromCel(new Meter().run(() => program.evaluate(variables))) };
  } catch (error) {
    return { failed: evaluationFailed(program, error, false) };
  }
}

/** The source writes the names of bindings in its own way. */
function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
