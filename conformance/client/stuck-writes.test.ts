import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { id, type TransactionError } from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { eventIdOf, follow, open, serveApp } from '../support/open.ts';
import { seededRandom } from '../support/random.ts';
import { goal } from '../support/schema.ts';
import type { Message, Peer } from '../support/socket-server.ts';

/** Soon, so that a test with several sessions is not slow. */
const connection = { firstRetryMs: 1, maxRetryMs: 20 };
const MEBIBYTE = 1_048_576;

/** The title that a write sets, which names it in these tests. */
const titleOf = (message: Message): unknown => (message['tx-steps'] as unknown[][]).at(-1)?.[3];

/** A server that ends the connection in place of an answer to some writes, and what it got, by sessions. */
async function fragileServer(end: (title: unknown, session: number, peer: Peer) => boolean) {
  const sessions: unknown[][] = [];
  const arrived = inbox<{ title: unknown; session: number }>();
  const opened = inbox<number>();
  const places = new Map<Peer, number>();
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op === 'init') {
        places.set(peer, sessions.length);
        opened.push(sessions.length);
        sessions.push([]);
      }
      const session = places.get(peer) ?? -1;
      if (message.op !== 'transact') return good;
      const title = titleOf(message);
      // What comes after the end of a connection is in nobody's session.
      if (places.has(peer)) {
        sessions[session]?.push(title);
        arrived.push({ title, session });
      }
      if (!places.has(peer)) return undefined;
      if (!end(title, session, peer)) return good;
      places.delete(peer);
      return undefined;
    },
  });
  return { ...server, sessions, arrived, opened };
}

/** Ends with this code for writes of this title. */
const closing =
  (code: number, title = 'bad', reason = 'No') =>
  (given: unknown, _session: number, peer: Peer): boolean => {
    if (given !== title) return false;
    peer.close(code, reason);
    return true;
  };

function errorsOf(db: ReturnType<typeof open>): Inbox<TransactionError> {
  const errors = inbox<TransactionError>();
  db.subscribeTransactionErrors(errors.push);
  db.subscribeErrors(() => {});
  return errors;
}

const titled = (title: string, entity = id()) => goal(entity).update({ title });

describe.each([1002, 1007, 1008, 1009, 1011])('a write for which the server closes with %i', (code) => {
  test('is sent alone, then parked and told, and what waits behind it is delivered', async () => {
    const server = await fragileServer(closing(code));
    const db = open(server.address, { connection });
    const errors = errorsOf(db);
    await db.ready();
    const bad = db.transact(titled('bad'));
    const others = ['a', 'b', 'c'].map((title) => db.transact(titled(title)));
    const told = await errors.next();
    const eventId = eventIdOf(await bad);
    expect(await bad).toMatchObject({ status: 'enqueued' });
    expect(told).toMatchObject({
      eventId,
      type: 'stuck',
      message: expect.stringContaining(`code ${code}, "No"`),
      connectionEnd: { code, reason: 'No' },
      isKept: true,
    });
    expect(told.steps.at(-1)?.[3]).toBe('bad');
    await Promise.all(others);
    await expect.poll(() => db.stats().pendingTransactions).toBe(1);
    expect(db.pendingTransactions()).toMatchObject([
      { eventId, state: 'stuck', reason: expect.stringContaining(`code ${code}, "No"`) },
    ]);
    // In the second session it comes alone: the others are not sent until the third.
    expect(server.sessions[1]).toEqual(['bad']);
    expect(server.sessions[2]?.slice(0, 3)).toEqual(['a', 'b', 'c']);
    expect(errors.all).toHaveLength(1);
  });
});

test('nothing is parked for 300 connections that end for other reasons, whenever they do', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  let cuts = 0;
  const server = await fragileServer((_title, _session, peer) => {
    if (cuts >= 300 || random.below(3) > 0) return false;
    cuts++;
    const how = random.pick(['reset', 1000, 1001, 1012, 1013]);
    if (how === 'reset') peer.destroy();
    else peer.close(how as number);
    return true;
  });
  const db = open(server.address, { connection });
  const errors = errorsOf(db);
  let made = 0;
  while (cuts < 300) {
    made++;
    void db.transact(titled(`${made}`));
    if (made % 4 === 0) await server.opened.next().catch(() => {});
  }
  await expect.poll(() => db.stats().pendingTransactions, { timeout: 30_000 }).toBe(0);
  expect({ seed, told: errors.all }).toEqual({ seed, told: [] });
  const arrived = new Set(server.sessions.flat());
  expect({ seed, arrived: arrived.size }).toEqual({ seed, arrived: made });
});
