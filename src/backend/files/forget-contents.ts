import { systemAttrId } from '../store/system-attrs.ts';
import type { Change } from '../store/undo-log.ts';
import type { FileApp } from './file-app.ts';

const LOCATION_ID = systemAttrId('$files', 'location-id');

/**
 * Deletes the contents that no file refers to after these changes: of files that were deleted, by whatever means, and
 * of files that were overwritten.
 */
export function forgetContents({ identity, host }: FileApp, changes: readonly Change[]): void {
  const lost = new Set<string>();
  for (const change of changes) {
    if (change.kind === 'attr' || change.triple[1] !== LOCATION_ID) continue;
    const locationId = change.triple[2];
    if (typeof locationId !== 'string') continue;
    if (change.kind === 'remove') lost.add(locationId);
    else lost.delete(locationId);
  }
  if (lost.size === 0) return;
  // Only once the change is durable: if a crash undid it, the file would be back and need its content.
  host.persistence.whenDurable(() => {
    for (const locationId of lost) {
      host.files.content.delete({ appId: identity.id, locationId }).catch((error: unknown) => {
        host.report('forget the content of a file', error);
      });
    }
  });
}
