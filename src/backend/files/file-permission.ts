import type { Actor } from '../permissions/actor.ts';
import { allowed, permissionDenied, type RuledData } from '../permissions/index.ts';

/** An action on a file, identified by its path. */
export type FileAction = 'create' | 'delete' | 'view';

/**
 * The rule sees only the path of the file. Without a rule, only an admin is allowed.
 *
 * @throws {ServerError} `permission-denied` unless a rule of the app lets the actor do it to the file at `path`.
 */
export function assertFilePermission(
  app: RuledData,
  action: FileAction,
  { actor, path }: { actor: Actor; path: string },
): void {
  const question = { etype: '$files', action, actor, data: { path }, isNewData: false };
  if (!allowed(app, question)) throw permissionDenied(['$files', action], 'has-storage-permission?');
}
