import { NAMESPACE } from '../namespace.mjs';

/**
 * A session of a database, ours or core's: both have the same calls. One write changes one of the rows that are there,
 * so neither the data nor the answer of the live query grows.
 *
 * @param {(target: object) => { db: object, close(): Promise<void> }} openDatabase
 * @param {{ target: { appId: string, apiURI: string, websocketURI: string, rows: string[] }, live: boolean }} options
 */
export async function openDatabaseSession(openDatabase, { target, live }) {
  const { db, close } = openDatabase(target);
  await authenticated(db);
  if (live) await subscribed(db);
  let writes = 0;
  return {
    async write() {
      const row = target.rows[writes++ % target.rows.length];
      const change = { value: writes, note: `Write number ${writes}` };
      const { status } = await db.transact(db.tx[NAMESPACE][row].update(change));
      if (status !== 'synced') throw new Error(`A write ended as "${status}"`);
    },
    /** Bytes sent so far, where the database counts them. */
    sent: () => db.stats?.().sentBytes,
    close,
  };
}

function authenticated(db) {
  return new Promise((resolve, reject) => {
    db.subscribeConnectionStatus((status) => {
      if (status === 'authenticated') resolve();
      if (status === 'errored') reject(new Error('The server refused the session'));
    });
  });
}

/** Resolves with the first answer; the query stays live. */
function subscribed(db) {
  return new Promise((resolve, reject) => {
    db.subscribeQuery({ [NAMESPACE]: {} }, ({ data, error }) => {
      if (error) reject(new Error(error.message));
      else resolve(data);
    });
  });
}
