import type { InstantNodeDatabase, PresenceResponse } from '@instantdb/node';
import { expect, test } from 'vitest';
import { type Inbox, inbox } from '../support/inbox.ts';
import { type Address, addressOf, open, serve } from '../support/open.ts';
import { type Random, seededRandom } from '../support/random.ts';
import type { Schema } from '../support/schema.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';

type Nickname = { nickname: string };
type Presence = PresenceResponse<Nickname, 'nickname'>;

interface Guest {
  db: InstantNodeDatabase<Schema>;
  room: ReturnType<InstantNodeDatabase<Schema>['joinRoom']>;
  presence: Inbox<Presence>;
}

function join(address: Address, nickname: string): Guest {
  const db = open(address);
  const room = db.joinRoom('chat', 'lobby', { initialPresence: { nickname } });
  const presence = inbox<Presence>();
  room.subscribePresence({}, presence.push as never);
  return { db, room, presence };
}

const peersOf = ({ peers }: Presence): string[] =>
  Object.values(peers)
    .map(({ nickname }) => nickname)
    .sort();

/** Waits until a guest sees exactly these others. */
function sees({ presence }: Guest, ...nicknames: string[]): Promise<Presence> {
  const wanted = nicknames.sort().join();
  return presence.first((one) => !one.isLoading && peersOf(one).join() === wanted);
}

test('three in a room see each other come, change and go', async () => {
  const address = addressOf(await serve());
  const ann = join(address, 'ann');
  await ann.presence.first(({ isLoading }) => !isLoading);
  const bob = join(address, 'bob');
  await Promise.all([sees(ann, 'bob'), sees(bob, 'ann')]);
  const cid = join(address, 'cid');
  await Promise.all([sees(ann, 'bob', 'cid'), sees(bob, 'ann', 'cid'), sees(cid, 'ann', 'bob')]);
  bob.room.publishPresence({ nickname: 'rob' });
  await Promise.all([sees(ann, 'cid', 'rob'), sees(cid, 'ann', 'rob')]);
  const left = inbox<Presence>();
  ann.room.subscribePresence({}, left.push as never);
  await cid.db.close();
  await left.first((one) => peersOf(one).join() === 'rob');
  bob.room.leaveRoom();
  await bob.db.close();
  await left.first((one) => peersOf(one).join() === '');
});

test('what is published is heard by the others, with who said it, and not by oneself', async () => {
  const address = addressOf(await serve());
  const [ann, bob] = [join(address, 'ann'), join(address, 'bob')];
  await Promise.all([sees(ann, 'bob'), sees(bob, 'ann')]);
  const [heardByAnn, heardByBob] = [inbox<unknown>(), inbox<unknown>()];
  for (const [{ room }, heard] of [
    [ann, heardByAnn],
    [bob, heardByBob],
  ] as const) {
    room.subscribeTopic('wave', (said: { hand: string }, peer: Nickname) => {
      heard.push({ ...said, nickname: peer.nickname });
    });
  }
  ann.room.publishTopic('wave', { hand: 'left' });
  ann.room.publishTopic('wave', { hand: 'right' });
  expect(await heardByBob.next()).toEqual({ hand: 'left', nickname: 'ann' });
  expect(await heardByBob.next()).toEqual({ hand: 'right', nickname: 'ann' });
  bob.room.publishTopic('wave', { hand: 'both' });
  expect(await heardByAnn.next()).toEqual({ hand: 'both', nickname: 'bob' });
  expect(heardByAnn.all).toHaveLength(1);
});

test('a guest whose connection is cut is back in the room as it was', async () => {
  const backend = await serve();
  const proxy = await tcpProxy(backend);
  const direct = addressOf(backend);
  const ann = join(direct, 'ann');
  const bob = join({ ...direct, apiURI: proxy.url, websocketURI: proxy.websocketURI }, 'bob');
  await Promise.all([sees(ann, 'bob'), sees(bob, 'ann')]);
  bob.room.publishPresence({ nickname: 'rob' });
  await sees(ann, 'rob');
  const [before] = Object.keys((await ann.presence.first((one) => peersOf(one).join() === 'rob')).peers);
  const later = inbox<Presence>();
  ann.room.subscribePresence({}, later.push as never);
  proxy.cut();
  await later.first((one) => peersOf(one).join() === '');
  const back = await later.first((one) => peersOf(one).join() === 'rob' && !(String(before) in one.peers));
  expect(Object.keys(back.peers)).toHaveLength(1);
});

test('a guest who signs in is back in the room, and what was said and shown meanwhile arrives', async () => {
  const address = addressOf(await serve());
  const [ann, bob] = [join(address, 'ann'), join(address, 'bob')];
  await Promise.all([sees(ann, 'bob'), sees(bob, 'ann')]);
  const heard = inbox<unknown>();
  ann.room.subscribeTopic('wave', heard.push as never);
  const later = inbox<Presence>();
  for (const n of [1, 2, 3]) {
    const signedIn = n === 3 ? bob.db.auth.signOut() : bob.db.auth.signInAsGuest();
    bob.room.publishTopic('wave', { hand: `before ${n}` });
    await signedIn;
    bob.room.publishTopic('wave', { hand: `after ${n}` });
    bob.room.publishPresence({ nickname: `bob ${n}` });
    expect(await heard.next()).toEqual({ hand: `before ${n}` });
    expect(await heard.next()).toEqual({ hand: `after ${n}` });
    await sees(ann, `bob ${n}`);
  }
  bob.room.subscribePresence({}, later.push as never);
  await later.first((one) => !one.isLoading && peersOf(one).join() === 'ann');
});

test('after random changes everybody sees what everybody shows', async () => {
  const address = addressOf(await serve());
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const guests = ['0', '1', '2'].map((name) => join(address, name));
  for (const [n, guest] of guests.entries())
    await sees(guest, ...['0', '1', '2'].filter((one) => one !== `${n}`));
  const truth = new Map<number, Record<string, unknown>>();
  for (let step = 0; step < 300; step++) {
    const n = random.below(guests.length);
    const change = { [`k${random.below(4)}`]: valueFrom(random) };
    truth.set(n, { ...truth.get(n), ...change });
    guests[n]?.room.publishPresence(change as never);
  }
  for (const [n, guest] of guests.entries()) guest.room.publishPresence({ nickname: `done ${n}` });
  for (const [n, guest] of guests.entries()) {
    const others = [0, 1, 2].filter((one) => one !== n);
    const { peers } = await sees(guest, ...others.map((one) => `done ${one}`));
    const shown = Object.values(peers).map(({ peerId: _, ...rest }: Record<string, unknown>) => rest);
    const expected = others.map((one) => ({ ...truth.get(one), nickname: `done ${one}` }));
    const sorted = (list: { nickname?: unknown }[]): unknown[] =>
      list.sort((a, b) => String(a.nickname).localeCompare(String(b.nickname)));
    expect(sorted(shown), `seed ${seed}`).toEqual(sorted(expected));
  }
});

function valueFrom({ below }: Random): unknown {
  const kind = below(5);
  if (kind === 0) return {};
  if (kind === 1) return { [`x${below(2)}`]: below(3), y: { z: below(2) } };
  if (kind === 2) return Array.from({ length: below(3) }, () => below(3));
  return kind === 3 ? null : below(3);
}
