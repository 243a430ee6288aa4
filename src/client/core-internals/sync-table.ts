import type { PersistedObject } from './persisted-object.ts';
import type { Whys } from './whys.ts';

/** The data that sync tables handle. */
interface TableData {
  triple: unknown;
  /** A transaction, as the server sends it. */
  tx: unknown;
  store: object;
  attrsStore: object;
}

/** Core's `SyncTable`, most of which it declares private: tables by the hash of their query. */
export interface SyncTable<Sub = object, Data extends TableData = TableData> {
  readonly subs: PersistedObject<Sub>;
  idToHash: Record<string, string>;
  callbacks: Record<string, unknown>;
  readonly log: { error(...words: unknown[]): void };
  createStore(triples: Data['triple'][]): Data['store'];
  getAttrs(): Data['attrsStore'];
  notifyCbs(hash: string, event: object): void;
  onSyncLoadBatch(message: { 'subscription-id': string; 'join-rows': Data['triple'][][] }): void;
  onSyncUpdateTriples(message: { 'subscription-id': string; txes: Data['tx'][] }): void;
}

type ReliedUpon =
  | 'constructor'
  | 'trySend'
  | 'subscribe'
  | 'unsubscribe'
  | 'sendStart'
  | 'sendResync'
  | 'initSubscription'
  | 'flushPending'
  | 'onStartSyncOk'
  | 'onSyncInitFinish'
  | 'onStartSyncError'
  | 'onResyncError'
  | 'clearSubscriptionData';

/** Why members of core's `SyncTable` matter here; read only by a test. */
export const syncTableWhys: Required<Whys<keyof SyncTable | ReliedUpon>> = {
  constructor: 'relied upon: makes `subs` over our store class',
  subs: 'handed to parts of ours, read and written: the subscriptions with their rows',
  callbacks: 'replaced and read: who subscribes to a table; core looks names up in a plain object',
  idToHash: 'replaced, read and written: which table the server means; core looks ids up in a plain object',
  log: 'read: where core says that it does not know a table',
  trySend: 'relied upon: sends in a session alone',
  createStore: 'called: the store of a row',
  getAttrs: 'called: the attributes, where they must be there',
  notifyCbs: 'called: tells who subscribes to a table',
  subscribe: 'relied upon: knows who subscribes before it first waits',
  unsubscribe: 'relied upon: without a subscriber a table is in `callbacks` no more',
  sendStart: 'relied upon: begins a table anew',
  sendResync: 'relied upon: notes the id in `idToHash`',
  initSubscription: 'relied upon: a table without a state is begun anew',
  flushPending: 'relied upon: a new session asks for all tables that are subscribed to',
  onStartSyncOk: 'relied upon: notes the id in `idToHash`, and forgets an earlier state',
  onSyncLoadBatch: 'replaced: one row that is none ends all of a batch',
  onSyncInitFinish: 'relied upon: notes the transaction that a table is up to',
  onSyncUpdateTriples: 'replaced: looks ids of entities and names of fields up in plain objects',
  onStartSyncError: 'relied upon: hands the whole refusal to subscribers, as an error',
  onResyncError: 'relied upon: begins the table anew',
  clearSubscriptionData: 'relied upon: takes a table out of `idToHash` and memory',
};
