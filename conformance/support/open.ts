import {
  type InstantNodeDatabase,
  type InstaQLSubscriptionState,
  init,
  type NodeConfig,
  type TransactionResult,
  type ValidQuery,
} from '@instantdb/node';
import { type Backend, type BackendApp, startBackend } from '@instantdb/node/backend';
import { onTestFinished } from 'vitest';
import { type Inbox, inbox } from './inbox.ts';
import { type Schema, schema } from './schema.ts';

/** Where an app is served. */
export interface Address {
  appId: string;
  apiURI: string;
  websocketURI: string;
}

let instances = 0;

/** A key that no database of this process was opened with: each `init` with one of these is a database of its own. */
export function freshKey(): string {
  return `instance-${++instances}`;
}

/** A local backend that is closed when the test ends. */
export async function serve(): Promise<Backend> {
  const backend = await startBackend();
  onTestFinished(() => backend.close());
  return backend;
}

/** Where clients find an app of `backend`: a new one with the tests' schema unless another is given. */
export function addressOf(backend: Backend, app: BackendApp = backend.createApp({ schema })): Address {
  return { appId: app.id, apiURI: backend.url, websocketURI: backend.websocketURI };
}

/** A new app on a backend of its own. */
export async function serveApp(): Promise<Address> {
  return addressOf(await serve());
}

/** A database of its own on the tests' schema; closed when the test ends. */
export function open<UseDates extends boolean = false>(
  address: Address,
  options: Partial<NodeConfig<Schema, UseDates>> = {},
): InstantNodeDatabase<Schema, UseDates> {
  const db = init<Schema, UseDates>({ schema, instanceKey: freshKey(), ...address, ...options });
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  return db;
}

/** The id of a write. Core's type of what `transact` resolves with has another name for it than core's result. */
export function eventIdOf(result: TransactionResult): unknown {
  return 'eventId' in result ? result.eventId : undefined;
}

/** Every answer of a live query. */
export function follow<Q extends ValidQuery<Q, Schema>, UseDates extends boolean>(
  db: InstantNodeDatabase<Schema, UseDates>,
  query: Q,
): Inbox<InstaQLSubscriptionState<Schema, Q, UseDates>> {
  const answers = inbox<InstaQLSubscriptionState<Schema, Q, UseDates>>();
  db.subscribeQuery<Q, UseDates>(query, answers.push);
  return answers;
}
