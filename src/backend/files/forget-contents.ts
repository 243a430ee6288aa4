import { systemAttrId } from '../store/system-attrs.ts';
import type { Change } from '../store/undo-log.ts';
import type { FileApp } from './file-app.ts';

const LOCATION_ID = systemAttrId('$files', 'location-id');

/**
 * Forgets the contents that no file has any more after these changes: of files that were deleted, however that came
 * about, and of files that were written anew.
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
  // Only when the change cannot be lost any more: a file that came back would have to have its content.
  host.keeper.whenSafe(() => {
    for (const locationId of lost) {
      host.files.content.delete({ appId: identity.id, locationId }).catch((error: unknown) => {
        host.report('forget the content of a file', error);
      });
    }
  });
}
