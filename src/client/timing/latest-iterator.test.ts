import { expect, test } from 'vitest';
import { LatestIterator } from './latest-iterator.ts';

const done = { done: true, value: undefined };

function source() {
  let releases = 0;
  const handle = {
    push: (_value: number): void => {},
    end: (_error?: unknown): void => {},
    releases: () => releases,
  };
  const latest = new LatestIterator<number>((push, end) => {
    handle.push = push;
    handle.end = end;
    return () => {
      releases++;
    };
  });
  return { latest, ...handle };
}

test('gives each value to a reader who keeps up', async () => {
  const { latest, push } = source();
  const first = latest.next();
  push(1);
  expect(await first).toEqual({ done: false, value: 1 });
  push(2);
  expect(await latest.next()).toEqual({ done: false, value: 2 });
});

test('gives a slow reader the newest value alone', async () => {
  const { latest, push } = source();
  for (const value of [1, 2, 3]) push(value);
  expect(await latest.next()).toEqual({ done: false, value: 3 });
  const waiting = latest.next();
  push(4);
  expect(await waiting).toEqual({ done: false, value: 4 });
});

test('gives readers who wait at once a value each, in order', async () => {
  const { latest, push } = source();
  const readers = [latest.next(), latest.next()];
  push(1);
  push(2);
  expect(await Promise.all(readers)).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
  ]);
});

test('gives a value that was not read before its end', async () => {
  const { latest, push, end } = source();
  push(1);
  end();
  push(2);
  expect(await latest.next()).toEqual({ done: false, value: 1 });
  expect(await latest.next()).toEqual(done);
});

test('an end reaches every waiting reader, and releases the source once', async () => {
  const { latest, end, releases } = source();
  const readers = [latest.next(), latest.next()];
  end();
  end(new Error('late'));
  expect(await Promise.all(readers)).toEqual([done, done]);
  await latest.return();
  expect(releases()).toBe(1);
});

test('an error reaches one reader, and the others are done', async () => {
  const { latest, end } = source();
  const [first, second] = [latest.next(), latest.next()];
  const error = new Error('broken');
  end(error);
  await expect(first).rejects.toBe(error);
  expect(await second).toEqual(done);
  expect(await latest.next()).toEqual(done);
});

test('an error that nobody waits for is kept for the next reader', async () => {
  const { latest, end } = source();
  const error = new Error('broken');
  end(error);
  await expect(latest.next()).rejects.toBe(error);
  expect(await latest.next()).toEqual(done);
});

test('return() drops what was not read and releases the source', async () => {
  const { latest, push, releases } = source();
  push(1);
  expect(await latest.return()).toEqual(done);
  expect(await latest.next()).toEqual(done);
  expect(releases()).toBe(1);
});

test('a source that ends while it starts is released all the same', async () => {
  let releases = 0;
  const error = new Error('broken');
  const latest = new LatestIterator<number>((_push, end) => {
    end(error);
    return () => {
      releases++;
    };
  });
  expect(releases).toBe(1);
  await expect(latest.next()).rejects.toBe(error);
});

test('undefined as the reason of an end is an end without an error', async () => {
  const { latest, end } = source();
  end(undefined);
  expect(await latest.next()).toEqual(done);
});
