import { recordNotUnique } from '../../protocol/error.ts';
import type { AppHost } from '../app/app-host.ts';
import { warnOfRules } from '../app/warn-of-rules.ts';
import { parseDefinitions } from '../schema/definitions.ts';
import { newAttrs } from '../schema/plan-schema.ts';
import type { Apps, NewApp } from './apps.ts';
import type { ServedApp } from './served-app.ts';

/** A request to create an app. */
export interface AppRequest {
  readonly identity: NewApp;
  /** The result of core's `i.schema`, as JSON; undefined for none. */
  readonly schema: unknown;
  /** The permission rules; undefined for none. */
  readonly rules: unknown;
  /** Whether the schema is interpreted the way `instant-cli push` does, which differs from the server. */
  readonly asPushed?: true;
}

/**
 * Creates an app with a schema and rules.
 *
 * @throws {ServerError} when its id is in use, or the schema or rules are invalid; no app is created then.
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
