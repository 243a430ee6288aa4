import type { JsonObject } from '../../protocol/json.ts';
import type { App } from '../app/app.ts';
import type { Actor } from './actor.ts';
import type { RuleAction } from './cel/environments.ts';
import { type Expected, permissionDenied } from './denied.ts';
import { describedEntity } from './entity-sources.ts';

/** Something that an actor wants to do beside a query or a transaction. */
export interface Question {
  readonly etype: string;
  readonly action: Extract<RuleAction, 'view' | 'create' | 'update' | 'delete'>;
  readonly actor: Actor;
  /** What the rule sees as `data`. */
  readonly data: JsonObject;
  readonly ruleParams?: JsonObject | undefined;
}

/**
 * Whether the rules of an app let an actor do something; an admin may do everything.
 *
 * @throws {ServerError} what the evaluation of the rule throws.
 */
export function allowed(app: App, { etype, action, actor, data, ruleParams }: Question): boolean {
  if (actor.admin) return true;
  const source = { catalog: app.data.catalog, reader: app.data.triples };
  const run = app.permissions.run(source, actor);
  const entity = describedEntity(source, etype, data);
  return run.passes(run.context.rules.program(etype, action), { data: entity, newData: entity, ruleParams });
}

/** @throws {ServerError} `permission-denied` unless it is {@link allowed}. */
export function assertAllowed(app: App, question: Question, expected?: Expected): void {
  if (!allowed(app, question)) throw permissionDenied([question.etype, question.action], expected);
}
