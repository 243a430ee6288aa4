import type { Reactor } from '@instantdb/core';
import { changeInPlace } from '../persisted/change-in-place.ts';
import { conceal } from '../secrecy/conceal.ts';
import { sealUserIn } from '../secrecy/sealed-user.ts';
import { mendSyncTables } from '../sync-tables/mend-sync-tables.ts';

/**
 * Makes core's objects that save themselves safe for any content, and hides the user in them. Returns those objects.
 */
export function mendSaved(core: Reactor): object[] {
  const { subs } = core._syncTable as unknown as { subs: object };
  const saved = [core.kv, core.querySubs, subs];
  sealUserIn(core.kv);
  conceal(core, '_currentUserCached');
  for (const one of saved) changeInPlace(one);
  mendSyncTables(core._syncTable);
  return saved;
}
