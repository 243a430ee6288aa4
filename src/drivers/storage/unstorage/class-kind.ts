import type { StoreInterfaceClass } from '@instantdb/core';
import type { StorageKind } from '../storage-kind.ts';
import { openClassStorage } from './class-driver.ts';
import { durableOption } from './durable-option.ts';

/** A class of core's `StoreInterface`. */
export interface ClassChoice {
  readonly Store: StoreInterfaceClass;
  readonly durable: boolean;
}

/** A user's class of core's `StoreInterface`. It is opened as a driver only if the records are sealed. */
export const classKind: StorageKind<ClassChoice> = {
  given: { what: 'a class that extends StoreInterface', matches: (value) => typeof value === 'function' },
  options: [durableOption],
  read: ({ storage: Store, durable = true }) => ({ Store, durable }) as ClassChoice,
  identify: ({ Store, durable }) => ({ data: durable, object: Store }),
  open: ({ Store, durable }, options) => openClassStorage(Store, options, durable),
};
