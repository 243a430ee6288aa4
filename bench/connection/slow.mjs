import { id } from '@instantdb/node';
import { answered, open, opened, order } from './database.mjs';

/** A large write and a large answer at the same time over a slow link: whether the connection survives. */
export async function slow({ app, transport, megabytes }) {
  const db = await opened(app, transport);
  if (!db) return { missing: 'there is no such connection' };
  const other = open(app, 'direct');
  const [up, down] = [id(), id()];
  const text = 'x'.repeat(megabytes * 1_000_000);
  await answered(db, { large: {} }, () => true);
  await other.ready();
  await order(app, 'slow');
  const before = db.stats().connections;
  const started = performance.now();
  const hasCome = answered(
    db,
    { large: { $: { where: { name: `down ${down}` } } } },
    ({ large }) => large.length > 0,
  );
  const hasGone = answered(
    other,
    { large: { $: { where: { name: `up ${up}` } } } },
    ({ large }) => large.length > 0,
  );
  const write = db.transact(db.tx.large[up].update({ name: `up ${up}`, text }));
  await other.transact(other.tx.large[down].update({ name: `down ${down}`, text }));
  await Promise.all([hasCome, hasGone]);
  const ms = performance.now() - started;
  const { status } = await write;
  const reconnects = db.stats().connections - before;
  await order(app, 'heal');
  await other.transact([up, down].map((row) => other.tx.large[row].delete()));
  await Promise.all([db.close({ timeoutMs: 0 }), other.close()]);
  return { ms, reconnects, status };
}
