import type { StoreInterface, StoreInterfaceClass, StoreInterfaceStoreName } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';

/** What a class of core's `StoreInterface` has. */
const METHODS = ['getItem', 'removeItem', 'multiSet', 'getAllKeys'] as const;

/** An instance of the user's class for each of core's stores. */
export type Stores = Readonly<Record<StoreInterfaceStoreName, StoreInterface>>;

/** Makes the instances. Throws code `storage` when the class throws, or lacks a method. */
export function openStores(Store: StoreInterfaceClass, appId: string): Stores {
  const open = (name: StoreInterfaceStoreName): StoreInterface => openStore(Store, appId, name);
  return { kv: open('kv'), querySubs: open('querySubs'), syncSubs: open('syncSubs') };
}

function openStore(Store: StoreInterfaceClass, appId: string, name: StoreInterfaceStoreName): StoreInterface {
  const cannot = `Cannot open the storage class "${Store.name}"`;
  let store: StoreInterface;
  try {
    store = new Store(appId, name);
  } catch (cause) {
    throw new InstantNodeError('storage', `${cannot}: it threw`, { cause });
  }
  const missing = METHODS.filter((method) => typeof store[method] !== 'function');
  if (missing.length === 0) return store;
  throw new InstantNodeError('storage', `${cannot}: it has no ${missing.join(', ')}`, {
    hint: `A class that extends StoreInterface has ${METHODS.join(', ')}`,
  });
}
