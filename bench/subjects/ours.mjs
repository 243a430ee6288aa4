import { init } from '@instantdb/node';

/** Opens a database of this package, as a user would: memory storage and `always-online` are its defaults. */
export function openDatabase({ appId, apiURI, websocketURI }) {
  const db = init({ appId, apiURI, websocketURI });
  return { db, close: () => db.close() };
}
