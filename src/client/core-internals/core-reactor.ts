import type { Reactor } from '@instantdb/core';
import { receivedMessages } from './received-messages.ts';
import type { Whys } from './whys.ts';

/** A branch of core's message handler. */
type Branch = keyof typeof receivedMessages;

/** Why members of core's `Reactor` matter here; read only by a test. Core's own types say what they are. */
export const reactorWhys: Whys<keyof Reactor | 'constructor' | Branch> = {
  constructor:
    'called in the surroundings of host.ts: without a browser it returns early, and what it starts is ours to stop',
  ...receivedMessages,

  // The connection.
  _transport: 'written: holds our connection; closed by us when the session is to end',
  _transportType: "read and written: 'sse' once a WebSocket has not worked",
  _EventSource: 'read: whether SSE can be used, and by which class',
  _wsOk: 'read and written: whether the present WebSocket has brought a message',
  _isOnline: 'read: what the network listener said last',
  _isShutdown: 'read and written: ends reconnecting',
  _reconnectTimeoutMs: 'read and written: the delay before the next connection',
  _startSocket: "overridden: opens the runtime's global WebSocket; core calls it when the network is back",
  _scheduleReconnect: 'replaced: its timer is nobody’s to stop',
  _transportOnOpen: 'handed to our connection: asks for the session',
  _transportOnMessage:
    'handed to our connection: passes messages on, one by one, while it is the current one',
  _transportOnClose: 'handed to our connection: sets the status, then calls `_scheduleReconnect`',
  _transportOnError: 'handed to our connection: logs',
  _trySend: 'overridden and called: adds the admin token to `init`, which is sent once a connection',
  _trySendAuthed: 'called: sends what rooms have to say, in a session alone',
  shutdown: 'overridden: leaves timers, queries and streams as they are',

  // The session.
  status: 'read: where the session stands',
  _errorMessage: 'read and written: why the session was refused; queries answer with it while it is there',
  _setStatus: 'overridden and called: tells subscribers and streams, who are told of ours by it',
  _sessionId: 'read: which of those in a room is this session',
  _handleReceiveError:
    'overridden and called: shares refusals out to writes, queries, the session, tables and streams',
  _appStatusState: 'read: whether the app takes writes',
  _setAppStatus: 'overridden and called: what was refused meanwhile is sent again',
  versions: 'relied upon: holds ours, for `init`',
  config:
    'read and written: options that may change while the database is open; its fields are read whenever they are needed',
  _log: 'read and written: what `verbose` logs to',
  _reactorStats: 'called: what core adds to each line of its log',

  // Live queries.
  querySubs: 'handed to parts of ours: the answers of queries, by their hashes',
  queryCbs: 'read: who subscribes to which query',
  queryOnceDfds: 'read and written: who has asked a query once',
  queryCacheLimit: 'read and written: how many answers are kept; core does nothing with it',
  _dataForQueryCache: 'read and written: the answer that subscribers were given last',
  _onQuerySubLoaded: 'relied upon: a stored answer is told by `notifyOne` once pending writes are known',
  _initStorage:
    'relied upon: makes `kv` and `querySubs` over our store class, with the limits that we change',
  subscribeQuery: 'overridden and called: checks, tells what is there, and asks the server',
  queryOnce: 'overridden: its timer outlives the answer; called offline, where it refuses at once',
  _startQuerySub: 'overridden and called: begins a query, and says under which id it is refused',
  _tryMigrateLegacyQuerySub: 'relied upon: does nothing for queries of which there is no older answer',
  _completeQueryOnce: 'called: forgets one who has asked once',
  _unsubQuery: 'relied upon: ends with `_cleanupQuery`',
  _hasQueryListeners: 'called: whether anybody waits for answers of a query',
  _cleanupQuery: 'overridden and called: ends a query, by `unloadKey` of its answer',
  dataForQuery: 'overridden, and called on a stand-in to reach the engine of queries',
  getPreviousResult: 'replaced: what is there already, for who subscribes',
  notifyOne:
    'replaced: compares answers by methods of the data, and lets what one query throws end the process',
  notifyOneQueryOnce: 'replaced: as `notifyOne`',
  notifyQueryError: 'replaced and called: gives the words of a refusal alone',
  notifyQueryOnceError: 'overridden and called: rejects with what is no error',
  notifyAll: 'overridden and called: tells all queries, also those that were asked once',

  // Attributes and the schema.
  attrs: 'read: the attributes that the server has told',
  ensureAttrs: 'called: the same, where they must be there',
  _setAttrs: 'called: adds the attributes of a write that was confirmed',
  _linkIndex: 'written: core’s would write into `Object` for some names',
  updateSchema: 'overridden and called: without a schema it makes no index',
  optimisticAttrs: 'overridden and called: looks through the steps of all pending writes',
  notifyAttrsSubs: 'called: tells subscribers when a write is taken back',

  // Writes.
  kv: 'handed to parts of ours: holds the user, local ids and, where core has its map, our queue',
  mutationDeferredStore: 'read and written: the promises of writes, by their ids',
  pushTx: 'replaced and called: makes steps of changes; it is given more to refuse',
  pushOps: 'replaced and called: puts steps into the queue; core looks through all writes for the next place',
  _inFlightMutationEventIds: 'read and written: the writes sent over the present connection',
  _pendingMutations: 'overridden: is our queue, or a part of it while core looks for attributes alone',
  _updatePendingMutations: 'overridden and called: changes the queue',
  _onMergeKv: 'relied upon: as our store gives it no writes, it sends none and keeps those in memory',
  _rewriteMutations: 'overridden: copies all writes, for the few that name attributes of others',
  _rewriteMutationsSorted: 'overridden and called: sorts all writes for each query',
  _applyOptimisticUpdates: 'overridden and called: applies all writes anew for each query',
  _sendMutation: 'overridden and called: undoes a write after six seconds that may have been committed',
  _flushPendingMessages:
    'overridden and called: asks for queries and tables again, and sends all writes at once',
  _finishTransaction: 'overridden and called: settles the promise of a write',
  _handleMutationError: 'relied upon: takes a refused write back, then calls `_finishTransaction`',
  _cleanupPendingMutationsQueries: 'overridden and called: looks through all writes at each answer',
  _cleanupPendingMutationsTimeout: 'overridden: looks only when a message arrives; we have a timer',
  _pendingTxCleanupTimeout: 'read and written: how long a confirmed write is kept for queries to show',
  _pendingMutationCleanupThreshold: 'written: an option; read by what we override alone',
  notifyMutationErrorSubs: 'relied upon: nobody subscribes, as `subscribeTransactionErrors` is ours',

  // The user.
  _currentUserCached: 'read, and hidden from who prints the reactor',
  _frameworkClient: 'written: emptied when the user changes, as core does',
  _oauthCallbackResponse: 'relied upon: resolves to nothing, as there is no page that a browser came back to',
  _oauthLoginInit: 'relied upon: returns nothing without a `window`',
  _waitForOAuthCallbackResponse: 'relied upon: is waited for before the user is read',
  _getCurrentUser: 'overridden and called: reads the user, whom we hold sealed',
  getCurrentUser: 'called: the user, or why they cannot be read',
  setCurrentUser: 'overridden and called: holds the token as a plain object',
  changeCurrentUser:
    'overridden: compares users by methods of theirs; sign-ins and core’s refusal of a user end in it',
  updateUser:
    'overridden and called: forgets answers and writes, closes the connection, all before it first waits',
  setupUserSyncTimer: 'relied upon: does nothing without `firstPartyPath`',
  syncUserToEndpoint: 'relied upon: does nothing without `firstPartyPath`, and never rejects',
  authCbs: 'read and written: who subscribes to the user',
  notifyAuthSubs: 'relied upon: is given a user, not what `kv` holds',
  subscribeAuth: 'overridden: compares users by methods of theirs',
  getAuth: 'wrapped: may wait for the storage for ever; refused once closed',
  getLocalId: 'overridden and called: saves the id a moment later',

  // Subscribers whose callbacks must not throw in the middle of core’s work.
  subscribeTable: 'overridden and called: as our `subscribeQuery`',
  subscribeConnectionStatus: 'overridden and called: what a callback throws is reported, and ends nothing',
  subscribeAppStatus: 'overridden and called: what a callback throws is reported, and ends nothing',
  subscribeAttrs: 'overridden and called: what a callback throws is reported, and ends nothing',

  // Rooms, which ours replace: core’s stay empty.
  _rooms: 'relied upon: stays empty, so that a new session joins none and a closed connection leaves none',
  joinRoom: 'overridden: looks names of rooms up in a plain object',
  subscribePresence: 'overridden: compares what peers show by methods of that',
  publishPresence: 'overridden: looks names of rooms up in a plain object',
  getPresence: 'overridden: looks names of rooms up in a plain object',
  publishTopic: 'overridden: looks names of rooms up in a plain object',
  subscribeTopic: 'overridden: looks names of topics up in a plain object',
  _tryJoinRoom: 'stood in for: what is sent to join',
  _tryLeaveRoom: 'stood in for: what is sent to leave',
  _trySetPresence: 'stood in for: what is sent to be seen',
  _tryBroadcast: 'stood in for: what is sent on a topic',
  _flushEnqueuedRoomData: 'stood in for: what is said once a room lets in',
  _cleanupRoom: 'stood in for: when a room is left',
  _patchPresencePeers: 'stood in for: what edits of peers mean',
  _setPresencePeers: 'stood in for: who the peers are',
  _notifyPresenceSub: 'stood in for: when subscribers are told',
  _notifyBroadcastSubs: 'stood in for: what subscribers of a topic are given',

  // Streams.
  _instantStream: 'handed to parts of ours: the streams',
  _syncTable: 'handed to parts of ours: the sync tables',
  createWriteStream: 'overridden: sends what is no text for ever',
  createReadStream: 'overridden: ends the process when a file cannot be fetched',

  // Calls of the HTTP API, by the runtime's `fetch`: options are checked, errors lose what the call was given, and all are refused once closed.
  sendMagicCode: 'wrapped, and replaced where a database goes its own way: rejects by its promise',
  signInWithMagicCode: 'wrapped, and replaced where a database goes its own way: ends in `changeCurrentUser`',
  signInWithCustomToken:
    'wrapped, and replaced where a database goes its own way: ends in `changeCurrentUser`; its argument is a secret',
  signInAsGuest: 'wrapped, and replaced where a database goes its own way: ends in `changeCurrentUser`',
  signInWithIdToken: 'wrapped, and replaced where a database goes its own way: ends in `changeCurrentUser`',
  exchangeCodeForToken:
    'wrapped, and replaced where a database goes its own way: ends in `changeCurrentUser`',
  signOut: 'wrapped: ends in `changeCurrentUser`',
  potentiallyInvalidateToken:
    'relied upon, and replaced where a database goes its own way: what it begins never rejects',
  createAuthorizationURL: 'wrapped: works at once',
  uploadFile:
    'wrapped, and replaced where a database goes its own way: may take its time, and rejects by its promise',
  deleteFile:
    'wrapped, and replaced where a database goes its own way: may take its time, and rejects by its promise',
  upload:
    'wrapped, and replaced where a database goes its own way: the address that it asks for is as good as the right to it',
  getDownloadUrl:
    'wrapped, and replaced where a database goes its own way: may take its time, and rejects by its promise',
};
