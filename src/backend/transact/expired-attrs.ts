import type { AppData } from '../store/app-data.ts';
import type { DeletedAttr } from '../store/attr-catalog.ts';
import type { Change } from '../store/undo-log.ts';

/** How many days a deleted attribute can be restored. */
export const GRACE_PERIOD_DAYS = 2;

const GRACE_PERIOD_MS = GRACE_PERIOD_DAYS * 24 * 60 * 60 * 1_000;

/** Whether an attribute was deleted too long ago to be restored. */
export function isExpired(attr: DeletedAttr, now: number): boolean {
  return attr['deletion-marked-at'] + GRACE_PERIOD_MS <= now;
}

/** Permanently removes the attributes that can no longer be restored, with their triples, and returns the changes. */
export function dropExpiredAttrs({ catalog, triples, undoLog }: AppData, now: number): readonly Change[] {
  const expired = [...catalog.deleted()].filter((attr) => isExpired(attr, now));
  if (expired.length === 0) return [];
  return undoLog.transaction(() => {
    for (const attr of expired) {
      for (const triple of [...triples.attr(attr.id)]) triples.remove(triple);
      catalog.delete(attr.id);
      triples.reindex(attr);
    }
  }).changes;
}
