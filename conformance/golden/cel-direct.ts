import { VISITOR } from '../../src/backend/actor.ts';
import { describedEntity } from '../../src/backend/permissions/entity-sources.ts';
import { Permissions, Rules } from '../../src/backend/permissions/index.ts';
import { createAppData } from '../../src/backend/store/app-data.ts';
import { ServerError } from '../../src/protocol/error.ts';
import type { JsonObject } from '../../src/protocol/json.ts';
import type { CelCase } from './perm-case.ts';
import { errorDifferences } from './tx-expectations.ts';

/**
 * What does not hold of a case that asks a rule about what nobody can bring about over the wire, in words. Only `data`
 * is bound.
 */
export function celDifferencesDirect({ code, ruleAction, bindings, expect }: CelCase): string[] {
  const action = ruleAction === 'view' || ruleAction === 'update' ? ruleAction : 'create';
  const rules = new Rules({ things: { allow: { [action]: code } } });
  const { catalog, triples: reader } = createAppData();
  const source = { catalog, reader };
  const run = new Permissions({ now: Date.now }).run(source, VISITOR, { rules });
  const program = rules.program('things', action);
  if (!program) return ['no rule was found'];
  const data = describedEntity(source, 'things', bindings?.data as JsonObject | undefined);
  try {
    const came = run.evaluate(program, { data });
    return 'result' in expect && came === expect.result ? [] : [`came to ${came}`];
  } catch (error) {
    if (!(error instanceof ServerError) || !('error' in expect)) throw error;
    return errorDifferences(error, expect.error);
  }
}
