import type { JsonObject } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import type { Actor, AuthUser } from './actor.ts';
import type { RuleAction } from './cel/environments.ts';
import { type Expected, permissionDenied } from './denied.ts';
import { describedEntity } from './entity-sources.ts';
import type { Permissions } from './permissions.ts';

/** What it takes to ask the rules of an app: its data, and the rules. */
export interface RuledData {
  readonly data: AppData;
  readonly permissions: Permissions;
}

/** Something that an actor wants to do beside a query or a transaction. */
export interface Question {
  readonly etype: string;
  readonly action: Extract<RuleAction, 'view' | 'create' | 'update' | 'delete'>;
  readonly actor: Actor;
  /** What the rule sees as `data`. */
  readonly data: JsonObject;
  readonly ruleParams?: JsonObject | undefined;
  /** Whether the rule sees the same as `newData`. Default: yes. */
  readonly isNewData?: boolean;
  /** Whether only the rule that the app has for exactly this counts. Default: what stands in for it does, too. */
  readonly isOwnRule?: boolean;
  /** The user who is about to be created, on whose behalf it is. */
  readonly newcomer?: AuthUser;
}

/**
 * Whether the rules of an app let an actor do something; undefined where no rule is about it. An admin may do everything.
 *
 * @throws {ServerError} what the evaluation of the rule throws.
 */
export function allowed({ data, permissions }: RuledData, question: Question): boolean | undefined {
  const { etype, action, actor, ruleParams, isNewData = true, isOwnRule = false, newcomer } = question;
  if (actor.admin) return true;
  const source = { catalog: data.catalog, reader: data.triples };
  const run = permissions.run(source, actor, newcomer && { newcomer });
  const { rules } = run.context;
  const program = isOwnRule ? rules.ownProgram(etype, action) : rules.program(etype, action);
  if (!program) return undefined;
  const entity = describedEntity(source, etype, question.data);
  return run.passes(program, { data: entity, ...(isNewData && { newData: entity }), ruleParams });
}

/** @throws {ServerError} `permission-denied` when a rule is against it. */
export function assertAllowed(app: RuledData, question: Question, expected?: Expected): void {
  if (allowed(app, question) ?? true) return;
  throw permissionDenied([question.etype, question.action], expected);
}
