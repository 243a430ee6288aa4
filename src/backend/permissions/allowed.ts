import type { JsonObject } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import type { Actor, AuthUser } from './actor.ts';
import type { RuleAction } from './cel/environments.ts';
import { type Expected, permissionDenied } from './denied.ts';
import { describedEntity } from './entity-sources.ts';
import type { Permissions } from './permissions.ts';

/** What evaluating an app's rules takes: its data, and the rules. */
export interface RuledData {
  readonly data: AppData;
  readonly permissions: Permissions;
}

/** An action other than a query or a transaction, to be checked against the rules. */
export interface Question {
  readonly etype: string;
  readonly action: Extract<RuleAction, 'view' | 'create' | 'update' | 'delete'>;
  readonly actor: Actor;
  /** What the rule sees as `data`. */
  readonly data: JsonObject;
  readonly ruleParams?: JsonObject | undefined;
  /** Whether the rule sees the same as `newData`. Default: yes. */
  readonly isNewData?: boolean;
  /** Whether only a rule for exactly this namespace and action counts. Default: fallbacks count too. */
  readonly isOwnRule?: boolean;
  /** The user about to be created, for whom the rule is evaluated. */
  readonly newcomer?: AuthUser;
}

/**
 * Whether an app's rules let an actor do something; undefined when no rule applies. An admin may do everything.
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

/** @throws {ServerError} `permission-denied` when a rule denies it. */
export function assertAllowed(app: RuledData, question: Question, expected?: Expected): void {
  if (allowed(app, question) ?? true) return;
  throw permissionDenied([question.etype, question.action], expected);
}
