import type { InstantNodeDatabase, NodeConfig } from '@instantdb/node';
import type { Backend } from '@instantdb/node/backend';
import { open } from './open.ts';
import type { Schema } from './schema.ts';

/** A database where WebSockets are refused, and event streams are not; closed when the test ends. */
export function openOverSse(
  { url, websocketURI }: Pick<Backend, 'url' | 'websocketURI'>,
  appId: string,
  options: Partial<NodeConfig<Schema>> = {},
): InstantNodeDatabase<Schema> {
  const refusing = websocketURI.replace('/runtime/session', '/nothing-here');
  return open({ appId, apiURI: url, websocketURI: refusing }, options);
}
