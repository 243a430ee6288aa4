import { recordNotFound, validationFailed } from '../../protocol/error.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import {
  findRecord,
  type RecordSource,
  readRecord,
  type SystemRecord,
  stepsToPut,
  stepToDelete,
  write,
} from '../app/system-records.ts';
import type { AuthUser } from '../permissions/actor.ts';
import type { AuthApp } from './auth-app.ts';

/** What names a user. An email is in lower case, see {@link asEmail}. */
export type UserKey = { readonly id: string } | { readonly email: string };

/** Values for attributes of `$users` that the app's schema adds. */
export type ExtraFields = Readonly<Record<string, JsonValue>>;

/** A user who is not there yet. */
export interface NewUser {
  readonly id: string;
  readonly email?: string | undefined;
  /** Absent for users whom an admin makes. */
  readonly type?: 'user' | 'guest' | undefined;
  readonly imageURL?: string | undefined;
  readonly extraFields?: ExtraFields | undefined;
}

/** What may be written of a user. */
export interface UserValues extends NewUser {
  /** Of a guest: the id of the user whose guest it was. */
  readonly linkedPrimaryUser?: string;
}

const EMAIL =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}$/;
const MAX_EMAIL_LENGTH = 320;

/** An email without the white space around it and in lower case; undefined when it is none. */
export function asEmail(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_EMAIL_LENGTH) return undefined;
  const email = value.trim().toLowerCase();
  return EMAIL.test(email) ? email : undefined;
}

/** The user with an id or an email, if there is one. */
export function findUser(app: AuthApp, key: UserKey): AuthUser | undefined {
  const record =
    'id' in key ? readRecord(app, '$users', key.id) : findRecord(app, '$users', 'email', key.email);
  return record && asUser(record);
}

/** @throws {ServerError} `record-not-found` when there is no such user. */
export function getUser(app: AuthApp, key: UserKey): AuthUser {
  const user = findUser(app, key);
  if (user) return user;
  throw recordNotFound('app-user', { 'app-id': app.identity.id, ...key });
}

/**
 * Creates a user. Rules are not asked, see `assertMaySignUp`.
 *
 * @throws {ServerError} when a value is not of its attribute's type, or is another user's.
 */
export function createUser(app: AuthApp, user: NewUser): AuthUser {
  write(app, stepsToPutUser(app, user));
  return getUser(app, user);
}

/** The steps that create a user, or change one: a guest becomes a user so. */
export function stepsToPutUser(app: AuthApp, { id, extraFields, ...values }: UserValues): JsonValue[] {
  return stepsToPut(app, '$users', id, { ...extraFields, ...values });
}

/** Deletes a user, with the tokens and all else that cascades. */
export function deleteUser(app: AuthApp, id: string): void {
  write(app, [stepToDelete('$users', id)]);
}

/**
 * A user as clients are told of it. A token is there where one was made or presented.
 */
export function userObject(app: AuthApp, user: AuthUser, refreshToken?: string): JsonObject {
  const createdAt = readRecord(app, '$users', user.id)?.createdAt ?? app.host.now();
  return {
    ...user,
    app_id: app.identity.id,
    created_at: new Date(createdAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    isGuest: isGuest(user),
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  };
}

/** Whether a user signed in without saying who they are. */
export function isGuest(user: AuthUser): boolean {
  return user.type === 'guest';
}

/**
 * Checks fields that come with a sign-up: the schema of the app has to define them.
 *
 * @throws {ServerError} `validation-failed` that names the first that is not defined, or is the system's.
 */
export function checkExtraFields({ data }: RecordSource, fields: ExtraFields): void {
  for (const label of Object.keys(fields)) {
    const attr = data.catalog.byForward('$users', label);
    if (!attr) throw badField(fields, `Unknown field: ${label}. It must be defined in your $users schema.`);
    if (attr.catalog === 'system') throw badField(fields, `Cannot set system field: ${label}`);
  }
}

function badField(fields: ExtraFields, message: string): Error {
  return validationFailed('extra-fields', fields, [{ message }]);
}

function asUser({ id, values }: SystemRecord): AuthUser {
  return { ...values, id };
}
