import type { JsonObject } from '../../protocol/json.ts';
import { GRACE_PERIOD_DAYS, isExpired } from '../transact/expired-attrs.ts';
import type { SchemaApp } from './schema-app.ts';

/** The deleted attributes of an app that can still be restored, in the form for clients. */
export function softDeletedAttrs({ data, host }: SchemaApp): JsonObject {
  const now = host.now();
  const deleted = [...data.catalog.deleted()].filter((attr) => !isExpired(attr, now));
  const attrs = deleted.sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    attrs: attrs.map((attr) => ({
      ...attr,
      'deletion-marked-at': new Date(attr['deletion-marked-at']).toISOString(),
    })),
    'grace-period-days': GRACE_PERIOD_DAYS,
  };
}
