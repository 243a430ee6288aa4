import { id } from '@instantdb/node';
import { answered, open, opened, order, reaches } from './database.mjs';

/** How long it takes to find that the server has fallen silent, and to show what others wrote meanwhile. */
export async function silence({ app, transport }) {
  const db = await opened(app, transport);
  if (!db) return { missing: 'there is no such connection' };
  const other = open(app, 'direct');
  const row = id();
  await answered(db, { silences: {} }, () => true);
  const live = answered(db, { silences: {} }, ({ silences }) => silences.some((one) => one.id === row));
  const found = reaches(db, 'waiting');
  const started = performance.now();
  await order(app, 'vanish');
  await other.transact(other.tx.silences[row].update({ at: Date.now() }));
  const [foundAt, liveAt] = await Promise.all([found, live]);
  await order(app, 'heal');
  await Promise.all([db.close(), other.close()]);
  return { foundMs: foundAt - started, liveMs: liveAt - started };
}
