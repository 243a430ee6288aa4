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

/** Identifies a user. An email is in lower case, see {@link asEmail}. */
export type UserKey = { readonly id: string } | { readonly email: string };

/** Values for attributes of `$users` that the app's schema adds. */
export type ExtraFields = Readonly<Record<string, JsonValue>>;

/** A user about to be created. */
export interface NewUser {
  readonly id: string;
  readonly email?: string | undefined;
  /** Absent for users created by an admin. */
  readonly type?: 'user' | 'guest' | undefined;
  readonly imageURL?: string | undefined;
  readonly extraFields?: ExtraFields | undefined;
}

/** The values that can be written for a user. */
export interface UserValues extends NewUser {
  /** For a guest: the id of the user they turned out to be. */
  readonly linkedPrimaryUser?: string;
}

const EMAIL =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}$/;
const MAX_EMAIL_LENGTH = 320;

/** Trims and lowercases an email; undefined when it is not valid. */
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
 * Creates a user without checking rules, see `assertMaySignUp`.
 *
 * @throws {ServerError} when a value does not have its attribute's type, or is unique and already another user's.
 */
export function createUser(app: AuthApp, user: NewUser): AuthUser {
  write(app, stepsToPutUser(app, user));
  return getUser(app, user);
}

/** The steps that create a user, or change one, as when a guest becomes a user. */
export function stepsToPutUser(app: AuthApp, { id, extraFields, ...values }: UserValues): JsonValue[] {
  return stepsToPut(app, '$users', id, { ...extraFields, ...values });
}

/** Deletes a user, including tokens and everything else that cascades. */
export function deleteUser(app: AuthApp, id: string): void {
  write(app, [stepToDelete('$users', id)]);
}

/** A user as clients see it, with a token if one was created or presented. */
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

/** Whether a user signed in without identifying themselves. */
export function isGuest(user: AuthUser): boolean {
  return user.type === 'guest';
}

/**
 * Checks the fields that come with a sign-up: the app's schema must define them.
 *
 * @throws {ServerError} `validation-failed` that names the first one that is not defined, or is the system's.
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
