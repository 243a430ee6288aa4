import type { StorageChoice } from '../../drivers/storage/kinds/index.ts';
import type { Keyring } from './keyring.ts';

/** The storage requested for one database. */
export interface StorageRequest {
  storage: StorageChoice;
  /** Undefined when nothing is sealed. */
  keyring: Keyring | undefined;
  core: { appId: string };
  instanceKey: string;
  whenStorageLocked: 'fail' | 'wait';
  keepAlive: boolean;
}
