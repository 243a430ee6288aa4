import { createHash } from 'node:crypto';
import type { StorageScope } from '../contract.ts';
import { joinKey } from './record-key.ts';

/**
 * A name for the files of a scope: whatever app and instance are called, it is short, stays the same where upper and
 * lower case do not differ, and is of no other scope. It begins with what can be told of the app, for people.
 */
export function fileNameOf({ appId, instanceKey }: StorageScope): string {
  const app = appId
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '')
    .slice(0, 36);
  return `${app}_${createHash('sha256').update(joinKey(appId, instanceKey)).digest('hex')}`;
}
