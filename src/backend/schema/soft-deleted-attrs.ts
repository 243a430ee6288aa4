import type { JsonObject } from '../../protocol/json.ts';
import type { App } from '../app.ts';

/** For how many days a deleted attribute can be restored. */
export const GRACE_PERIOD_DAYS = 2;

/** The attributes of an app that were deleted and can be restored, as clients are told of them. */
export function softDeletedAttrs({ data }: App): JsonObject {
  const attrs = [...data.catalog.deleted()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    attrs: attrs.map((attr) => ({
      ...attr,
      'deletion-marked-at': new Date(attr['deletion-marked-at']).toISOString(),
    })),
    'grace-period-days': GRACE_PERIOD_DAYS,
  };
}
