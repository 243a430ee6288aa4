import type { JsonObject } from '../../protocol/json.ts';
import type { Actor, AuthUser } from '../permissions/actor.ts';
import { allowed, permissionDenied, type RuledData } from '../permissions/index.ts';
import { checkExtraFields, type NewUser } from './users.ts';

const DENIED = ['$users', 'create'] as const;

/**
 * Checks that an actor may sign up a user, by `$users.allow.create` if the app's rules contain exactly that rule.
 * Without it anyone may sign up, but not with extra fields. The rule sees the new user both as `data` and as `auth`.
 *
 * @throws {ServerError} `validation-failed` for fields that the schema does not define, `permission-denied` when
 * refused, or what the rule's evaluation throws.
 */
export function assertMaySignUp(app: RuledData, user: NewUser, actor: Actor): void {
  const { id, email, extraFields = {} } = user;
  checkExtraFields(app, extraFields);
  const newcomer: AuthUser & JsonObject = { ...extraFields, id, ...(email !== undefined && { email }) };
  const question = {
    etype: '$users',
    action: 'create',
    actor,
    data: newcomer,
    newcomer,
    isOwnRule: true,
  } as const;
  const isOrdinary = Object.keys(extraFields).length === 0;
  if (!(allowed(app, question) ?? isOrdinary)) throw permissionDenied(DENIED);
}
