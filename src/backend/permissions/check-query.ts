import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { type QueryOptions, type QueryOutcome, runQuery } from '../query/index.ts';
import type { Actor } from './actor.ts';
import type { RuledData } from './allowed.ts';
import { fromCel } from './cel/values.ts';
import { describeProgram } from './check.ts';
import { storedEntity } from './entity-sources.ts';
import type { Rules } from './rules.ts';
import { Viewer } from './viewer.ts';
import { visibleForms } from './visible-forms.ts';

/** The outcome of a view rule, in the form of the admin API. */
export interface QueryCheckResult {
  readonly id: string;
  readonly entity: string;
  /** The label if the rule concerns a single field; null if it concerns the whole entity. */
  readonly label: string | null;
  readonly record: JsonObject;
  readonly program: JsonObject;
  readonly check: JsonValue;
}

/**
 * Runs a query as an actor who is not an admin, and reports the result of every rule. `rules` replace those of the app.
 *
 * @throws {ServerError} when the query or a rule fails; the error then contains the evaluator's message.
 */
export function checkQuery(
  { data, permissions }: RuledData,
  request: { q: JsonValue; actor: Actor; rules?: Rules | undefined; fileUrl?: QueryOptions['fileUrl'] },
): { outcome: QueryOutcome; checkResults: QueryCheckResult[] } {
  const { q, actor, rules, fileUrl } = request;
  const source = { catalog: data.catalog, reader: data.triples };
  const run = permissions.run(source, actor, { rules, verbose: true });
  let viewer: Viewer | undefined;
  const outcome = runQuery(source, q, {
    admin: false,
    ...(fileUrl && { fileUrl }),
    filter(forms, ruleParams) {
      viewer = new Viewer(run, ruleParams as JsonObject);
      return visibleForms(forms, viewer);
    },
  });
  const checkResults = [...(viewer?.checks ?? [])].map(({ etype, e, label, program, result }) => ({
    id: e,
    entity: etype,
    label: label ?? null,
    record: recordOf(source, etype, e),
    program: program ? describeProgram(program) : {},
    check: fromCel(result),
  }));
  return { outcome, checkResults };
}

function recordOf(source: Parameters<typeof storedEntity>[0], etype: string, e: string): JsonObject {
  const entity = storedEntity(source, etype, e);
  const values = [...entity.labels()].map((label) => [label, entity.value(label)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
