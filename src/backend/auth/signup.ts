import type { JsonObject } from '../../protocol/json.ts';
import type { App } from '../app/app.ts';
import type { Actor, AuthUser } from '../permissions/actor.ts';
import { permissionDenied } from '../permissions/denied.ts';
import { describedEntity } from '../permissions/entity-sources.ts';
import { checkExtraFields, type NewUser } from './users.ts';

const DENIED = ['$users', 'create'] as const;

/**
 * Asks whether a user may come into being on an actor's behalf: for `$users.allow.create`, where the rules of the app
 * have that very rule. Without it anybody may sign up, but nobody with fields of their own choice. The rule sees the
 * new user as `data` and, the same, as `auth`.
 *
 * @throws {ServerError} `validation-failed` for fields that the schema does not define, `permission-denied` when
 * refused, or what the rule's evaluation throws.
 */
export function assertMaySignUp(app: App, user: NewUser, actor: Actor): void {
  const { id, email, extraFields = {} } = user;
  checkExtraFields(app, extraFields);
  if (actor.admin) return;
  const program = app.rules?.ownProgram('$users', 'create');
  if (!program) {
    if (Object.keys(extraFields).length > 0) throw permissionDenied(DENIED);
    return;
  }
  const data: AuthUser & JsonObject = { ...extraFields, id, ...(email !== undefined && { email }) };
  const source = { catalog: app.data.catalog, reader: app.data.triples };
  const entity = describedEntity(source, '$users', data);
  const run = app.permissions.run(source, actor, { newcomer: data });
  if (!run.passes(program, { data: entity, newData: entity })) throw permissionDenied(DENIED);
}
