import { createHash } from 'node:crypto';
import type { StorageScope } from '../contract.ts';
import { joinKey } from './record-key.ts';

/**
 * The name of a scope's files: short whatever the app and instance are called, different for every scope, and the same
 * on file systems that ignore case. For human readers it begins with the legible part of the app's id.
 */
export function fileNameOf({ appId, instanceKey }: StorageScope): string {
  const app = appId
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '')
    .slice(0, 36);
  return `${app}_${createHash('sha256').update(joinKey(appId, instanceKey)).digest('hex')}`;
}
