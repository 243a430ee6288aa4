import type { App } from '../app/app.ts';
import type { Actor } from '../permissions/actor.ts';
import { permissionDenied } from '../permissions/denied.ts';
import { describedEntity } from '../permissions/entity-sources.ts';

/** What can be done to a file by its path. */
export type FileAction = 'create' | 'delete' | 'view';

/**
 * The rule sees the path and nothing else of the file. Where no rule says so, nobody but an admin may.
 *
 * @throws {ServerError} `permission-denied` unless a rule of the app lets the actor do it to the file at `path`.
 */
export function assertFilePermission(
  app: App,
  action: FileAction,
  { actor, path }: { actor: Actor; path: string },
): void {
  if (actor.admin) return;
  const source = { catalog: app.data.catalog, reader: app.data.triples };
  const run = app.permissions.run(source, actor);
  const program = run.context.rules.program('$files', action);
  const data = describedEntity(source, '$files', { path });
  if (!program || !run.passes(program, { data })) {
    throw permissionDenied(['$files', action], 'has-storage-permission?');
  }
}
