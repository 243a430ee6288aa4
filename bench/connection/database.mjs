import { init } from '@instantdb/node';

/** How long a database may take to find its way. */
const OPEN_LIMIT_MS = 20_000;
let count = 0;

/** Tells the network what to do. */
export async function order({ control }, what) {
  await fetch(`${control}/${what}`);
}

/** A database whose connection goes `through` the network, or not: `direct`. */
export function open({ appId, adminToken, direct, through }, way, transport = 'websocket') {
  const address = way === 'direct' ? direct : through;
  const websocketURI =
    transport === 'sse'
      ? address.websocketURI.replace('/runtime/session', '/nothing-here')
      : address.websocketURI;
  const db = init({ appId, adminToken, ...address, websocketURI, instanceKey: `client-${++count}` });
  db.subscribeErrors(() => {});
  return db;
}

/** The same, once there is a session over `transport`; undefined where there is none. */
export async function opened(app, transport) {
  const db = open(app, 'through', transport);
  const signal = AbortSignal.timeout(OPEN_LIMIT_MS);
  const isThere = await db.ready({ signal }).then(
    () => true,
    () => false,
  );
  if (isThere && db.connection.transport === transport) return db;
  await db.close({ timeoutMs: 0 });
  return undefined;
}

/** Resolves at the first answer of a live query that passes `test`. */
export function answered(db, query, test) {
  return new Promise((resolve) => {
    const stop = db.subscribeQuery(query, ({ data }) => {
      if (!data || !test(data)) return;
      resolve(performance.now());
      queueMicrotask(() => stop());
    });
  });
}

/** Resolves when the connection of `db` is in `state` next. */
export function reaches(db, state) {
  return new Promise((resolve) => {
    const stop = db.subscribeConnection((info) => {
      if (info.state !== state) return;
      stop();
      resolve(performance.now());
    });
  });
}
