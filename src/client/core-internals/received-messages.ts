/** Why branches of core's `Reactor._handleReceive` matter here; read only by a test. */
export const receivedMessages = {
  _handleReceive: 'overridden and called: logs, and shares messages out to the branches below',
  '_handleReceive case "init-ok"':
    'called: sets the status, the attributes and the session, and sends what waits',
  '_handleReceive case "add-query-exists"': 'called: ends in `notifyOneQueryOnce`',
  '_handleReceive case "add-query-ok"': 'called: keeps an answer, then cleans up the queue, then tells',
  '_handleReceive case "refresh-ok"':
    'called: takes rewritten writes for its own map; tells queries by `notifyOne`',
  '_handleReceive case "transact-ok"': 'stood in for: goes through all writes for one',
  '_handleReceive case "app-status-changed"':
    'called: fails queries, or begins a new connection by `_startSocket`',
  '_handleReceive case "error"': 'called: hands on to `_handleReceiveError`',
  '_handleReceive default': 'called: logs what it does not know',
  '_handleReceive case "start-sync-ok"': 'called: hands on to the sync tables',
  '_handleReceive case "sync-load-batch"': 'called: hands on to the sync tables',
  '_handleReceive case "sync-init-finish"': 'called: hands on to the sync tables',
  '_handleReceive case "sync-update-triples"': 'called: hands on to the sync tables',
  '_handleReceive case "start-stream-ok"': 'called: hands on to the streams',
  '_handleReceive case "stream-flushed"': 'called: hands on to the streams',
  '_handleReceive case "append-failed"': 'called: hands on to the streams',
  '_handleReceive case "stream-append"': 'called: hands on to the streams',
  '_handleReceive case "patch-presence"': 'stood in for by our rooms',
  '_handleReceive case "refresh-presence"': 'stood in for by our rooms',
  '_handleReceive case "server-broadcast"': 'stood in for by our rooms',
  '_handleReceive case "join-room-ok"': 'stood in for by our rooms',
  '_handleReceive case "leave-room-ok"': 'stood in for by our rooms',
  '_handleReceive case "join-room-error"': 'stood in for by our rooms',
} as const;
