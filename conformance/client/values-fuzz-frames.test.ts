import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { downFrames, placesIn, replaced } from '../support/down-frames.ts';
import { exoticKey, exoticText, isSameJson, watchShared } from '../support/exotic-values.ts';
import { type FrameWorld, frameWorld } from '../support/frame-world.ts';
import { seededRandom } from '../support/random.ts';

// Rooms and streams have tests of their own.
const NOT_HERE = /room|presence|broadcast|stream|append/;

const CASES = 150;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
console.log(`TEST_SEED=${seed}`);
const pollutionOf = watchShared();

/** What has to be so after every case, whatever was sent. */
function unharmed({ uncaught }: FrameWorld, what: string): void {
  expect(uncaught.all, what).toEqual([]);
  expect(pollutionOf(), what).toEqual([]);
}

test(`values arrive as they were sent, and again with the next change, in ${CASES} answers of a server (TEST_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const world = await frameWorld();
  world.attrsOf('rows', ['id', 'value', 'title']);
  const rows = world.follow({ rows: {} });
  await rows.next();
  for (let count = 0; count < CASES; count++) {
    const text = exoticText(random);
    const what = `TEST_SEED=${seed}, case ${count}: ${text.slice(0, 500)}`;
    const id = randomUUID();
    for (const title of ['first', 'next']) {
      const frame = JSON.stringify(
        world.refresh([world.computation('rows', [{ id, value: 'HERE', title }])]),
      );
      // As text: what nests deep can be parsed and not be written.
      world.send(frame.replace('"HERE"', () => text));
      await world.heard();
      const { data } = await rows.next(
        ({ data }) => data?.rows?.[0]?.id === id && data.rows[0].title === title,
      );
      expect(isSameJson(data?.rows?.[0]?.value, JSON.parse(text)), what).toBe(true);
    }
    unharmed(world, what);
  }
  expect(world.errors.all).toEqual([]);
});

test(`namespaces and attributes have the names that a server gives them, in ${CASES} answers (TEST_SEED=${seed})`, async () => {
  const random = seededRandom(seed + 1);
  const world = await frameWorld();
  let unusable = 0;
  for (let count = 0; count < CASES; count++) {
    const [etype, label] = [exoticKey(random), exoticKey(random)];
    const what = `TEST_SEED=${seed}, case ${count}: ${JSON.stringify([etype, label])}`;
    const id = randomUUID();
    const row = Object.fromEntries([
      ['id', id],
      [label, 'there'],
    ]);
    const before = world.errors.all.length;
    const isUsable = etype !== '__proto__' && label !== '__proto__' && label !== 'id';
    world.attrsOf(etype, ['id', label]);
    const query = Object.fromEntries([[etype, {}]]);
    if (etype === '__proto__') {
      expect(() => world.follow(query), what).toThrow('__proto__');
    }
    const rows = etype === '__proto__' ? undefined : world.follow(query);
    const computation = world.computation(etype, [row]);
    world.send(world.refresh([{ ...computation, 'instaql-query': query }]));
    await world.heard();
    if (isUsable) {
      const found = await rows?.next(({ data }) => data?.[etype]?.[0]?.id === id);
      expect(found?.data?.[etype], what).toEqual([row]);
    } else unusable++;
    expect(world.errors.all.length - before, what).toBeLessThanOrEqual(2);
    unharmed(world, what);
  }
  expect(unusable).toBeGreaterThan(0);
  expect(new Set(world.errors.all.map(({ code }) => code))).toEqual(new Set(['protocol']));
});

test(`part of an answer may be anything, and what came beside it is heard, in ${CASES} frames (TEST_SEED=${seed})`, async () => {
  const random = seededRandom(seed + 2);
  const world = await frameWorld();
  world.attrsOf('rows', ['id', 'value', 'title', 'extra']);
  world.follow({ rows: {} });
  for (let count = 0; count < CASES; count++) {
    const id = randomUUID();
    const good = world.computation('rows', [{ id, value: { a: 1 }, title: 'good' }]);
    const attr = changed(random, { ...world.attrsOf('rows', ['extra']).at(-1), id: randomUUID() });
    const frame = world.refresh([changed(random, good)], { attrs: [...world.attrsOf('', []), attr] });
    world.send(frame);
    await world.heard();
    unharmed(world, `TEST_SEED=${seed}, case ${count}: ${JSON.stringify([frame]).slice(0, 2_000)}`);
  }
});

test(`frames of every kind may hold anything anywhere, in ${CASES} frames (TEST_SEED=${seed})`, async () => {
  const random = seededRandom(seed + 3);
  const world = await frameWorld();
  const query = { readers: {} };
  world.db._syncTableExperimental(query as never, () => {});
  const frames = downFrames('lobby', query).filter((frame) => !NOT_HERE.test(JSON.stringify(frame)));
  expect(frames.length).toBeGreaterThan(10);
  for (let count = 0; count < CASES; count++) {
    const frame = changed(random, random.pick(frames));
    world.send(frame);
    // What it has said of the session is said anew; and so are the attributes, with each refresh.
    if (/init/.test(JSON.stringify(frame))) {
      const attrs = world.attrsOf('', []);
      world.send({ op: 'init-ok', 'session-id': 's', attrs, 'app-status': { status: 'active' } });
    }
    world.send(world.refresh([]));
    await world.heard();
    unharmed(world, `TEST_SEED=${seed}, case ${count}: ${JSON.stringify(frame).slice(0, 2_000)}`);
  }
});

/** `value` with exotic values in some places, and exotic keys in others. */
function changed(random: ReturnType<typeof seededRandom>, value: unknown): unknown {
  let result = value;
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const places = placesIn(result).filter(([key]) => key !== undefined && key !== 'op');
    if (places.length === 0) return result;
    const place = random.pick(places);
    const by: unknown = JSON.parse(exoticText(random, { depth: 300 }));
    if (random.below(4) > 0) result = replaced(result, place, by);
    else {
      const own = Object.fromEntries([[exoticKey(random), by]]);
      result = replaced(result, place, own);
    }
  }
  return result;
}
