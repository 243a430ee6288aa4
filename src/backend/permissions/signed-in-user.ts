import type { JsonValue } from '../../protocol/json.ts';
import type { QuerySource } from '../query/index.ts';
import type { AuthUser } from './actor.ts';
import type { EntitySource } from './cel/values.ts';
import { describedEntity, storedEntity } from './entity-sources.ts';

/** Column names in the server's tables of users and sign-ins, by the label of each in the data. */
const COLUMNS: Readonly<Record<string, string>> = {
  authCode: 'auth_code',
  clientId: 'client_id',
  codeChallenge: 'code_challenge',
  codeChallengeMethod: 'code_challenge_method',
  discoveryEndpoint: 'discovery_endpoint',
  encryptedClientSecret: 'client_secret',
  redirectTo: 'redirect_to',
  redirectUrl: 'redirect_url',
  stateHash: 'state_hash',
  useSharedCredentials: 'use_shared_credentials',
  userInfo: 'user_info',
};
const LABELS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(COLUMNS).map(([label, column]) => [column, label]),
);

/**
 * A session's user as rules see it in `auth`: as currently stored, plus the extra columns of the server's user row. For
 * a user who has been deleted, only the id, since everything else may be outdated.
 */
export function signedInUser(source: QuerySource, user: AuthUser | null, appId: string): EntitySource {
  const created = user && source.reader.entityAttr(user.id, idAttrOf(source))[0];
  if (!user || !created) return authOf(describedEntity(source, '$users', user ? { id: user.id } : undefined));
  const row = storedEntity(source, '$users', user.id);
  const more = new Map<string, () => JsonValue | undefined>([
    ['isGuest', () => row.value('type') === 'guest'],
    ['app_id', () => row.value('app_id') ?? appId],
    ['created_at', () => row.value('created_at') ?? isoSeconds(created[3])],
  ]);
  return authOf({
    *labels() {
      for (const label of row.labels()) if (!more.has(label)) yield columnOf(label);
      yield* more.keys();
    },
    value(column) {
      const read = more.get(column);
      if (read) return read();
      return Object.hasOwn(COLUMNS, column) ? undefined : row.value(labelOf(column));
    },
    ref: row.ref,
  });
}

/** A user about to be created, as rules see it in `auth`. */
export function newcomer(source: QuerySource, values: AuthUser): EntitySource {
  return authOf(describedEntity(source, '$users', values));
}

/** Paths of `auth.ref` start with `$user.`. */
function authOf(entity: EntitySource): EntitySource {
  return { ...entity, ref: (path) => entity.ref(path.replace(/^\$user\./, '')) };
}

function idAttrOf({ catalog }: QuerySource): string {
  return catalog.byForward('$users', 'id')?.id ?? '';
}

function columnOf(label: string): string {
  return (Object.hasOwn(COLUMNS, label) && COLUMNS[label]) || label;
}

function labelOf(column: string): string {
  return (Object.hasOwn(LABELS, column) && LABELS[column]) || column;
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
