import type { StorageKind } from '../storage-kind.ts';
import { durableOption } from './durable-option.ts';
import { openUnstorageStorage } from './unstorage.ts';
import type { UnstorageDriver, UnstorageStorage } from './unstorage-shape.ts';

/** A `Storage` or `Driver` of unstorage. Without `durable`, the driver's name decides. */
export interface UnstorageChoice {
  readonly storage: UnstorageStorage | UnstorageDriver;
  readonly durable: boolean | undefined;
}

/** A user's storage from unstorage. */
export const unstorageKind: StorageKind<UnstorageChoice> = {
  given: { what: 'a Storage or Driver of unstorage', matches: isUnstorage },
  options: [durableOption],
  read: ({ storage, durable }) => ({ storage, durable }) as UnstorageChoice,
  identify: ({ storage, durable }) => ({ data: durable, object: storage }),
  open: ({ storage, durable }, options) => openUnstorageStorage(storage, options, durable),
};

function isUnstorage(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return ['getItem', 'setItem', 'getKeys'].every((name) => typeof Reflect.get(value, name) === 'function');
}
