import type { ConnectionInfo, InstantNodeDatabase, NodeConfig } from '@instantdb/node';
import { type Inbox, inbox } from './inbox.ts';
import type { Schema } from './schema.ts';

/** The delays of a connection in a fraction of the time that they take by default. */
export const QUICK: NonNullable<NodeConfig['connection']> = {
  connectTimeoutMs: 300,
  initTimeoutMs: 300,
  silenceMs: 150,
  probeTimeoutMs: 150,
  firstRetryMs: 5,
  maxRetryMs: 50,
  stableMs: 100,
};

/** Every change of a database's connection, from now on. */
export function connectionOf(db: InstantNodeDatabase<Schema>): Inbox<ConnectionInfo> {
  const changes = inbox<ConnectionInfo>();
  db.subscribeConnection(changes.push);
  return changes;
}
