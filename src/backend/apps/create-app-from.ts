import { recordNotUnique } from '../../protocol/error.ts';
import type { AppHost } from '../app/app-host.ts';
import { warnOfRules } from '../app/warn-of-rules.ts';
import { parseDefinitions } from '../schema/definitions.ts';
import { newAttrs } from '../schema/plan-schema.ts';
import type { Apps, NewApp } from './apps.ts';
import type { ServedApp } from './served-app.ts';

/** What a request to create an app brings. */
export interface AppRequest {
  readonly identity: NewApp;
  /** What `i.schema` of core gives, as JSON; undefined for none. */
  readonly schema: unknown;
  /** The permission rules; undefined for none. */
  readonly rules: unknown;
  /** Whether the schema is taken as `instant-cli push` takes it, which differs from what the server does. */
  readonly asPushed?: true;
}

/**
 * Creates an app with a schema and rules.
 *
 * @throws {ServerError} when its id is in use, or the schema or the rules cannot be; then there is no app.
 */
export function createAppFrom(
  { apps, host }: { apps: Apps; host: Pick<AppHost, 'newId'> },
  { identity, schema, rules, asPushed }: AppRequest,
): ServedApp {
  if (apps.has(identity.id)) {
    throw recordNotUnique('app', 'Record not unique: app', { id: identity.id });
  }
  const definitions = schema === undefined ? undefined : parseDefinitions(schema);
  const served = apps.create(identity, ({ catalog }) =>
    definitions ? newAttrs(definitions, catalog, { newId: host.newId, asPushed: asPushed ?? false }) : [],
  );
  if (rules === undefined) return served;
  const { app } = served;
  try {
    app.setRules(rules);
    warnOfRules(app);
    app.keepAsInitial();
    return served;
  } catch (error) {
    apps.delete(app);
    throw error;
  }
}
