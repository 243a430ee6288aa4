import { type InstantNodeDatabase, init, type NodeConfig } from '@instantdb/node';
import type { Backend } from '@instantdb/node/backend';
import { onTestFinished } from 'vitest';
import { FetchEventSource } from './event-source.ts';
import { freshKey } from './open.ts';
import { type Schema, schema } from './schema.ts';

/** A database where WebSockets are refused, and event streams are not; closed when the test ends. */
export function openOverSse(
  { url, websocketURI }: Pick<Backend, 'url' | 'websocketURI'>,
  appId: string,
  options: Partial<NodeConfig<Schema>> = {},
): InstantNodeDatabase<Schema> {
  const db = init<Schema>(
    {
      schema,
      appId,
      apiURI: url,
      websocketURI: websocketURI.replace('/runtime/session', '/nothing-here'),
      instanceKey: freshKey(),
      ...options,
    },
    undefined,
    undefined,
    undefined,
    FetchEventSource,
  );
  db.subscribeErrors(() => {});
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  return db;
}
