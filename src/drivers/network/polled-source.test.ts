import { expect, test } from 'vitest';
import type { Route, WaysOptions } from '../contract.ts';
import { createWays } from '../ways/create-ways.ts';
import { FakeOutside, settled } from './fake-outside.fixture.ts';
import { networkKindsOver } from './index.ts';
import { type NetworkPace, networkDefaults } from './network-config.ts';
import type { NetworkRequest, NetworkSource } from './network-kind.ts';

const apiURI = 'https://instant.test/api';
const waysOf = (options: Partial<WaysOptions> = {}): ReturnType<typeof createWays> =>
  createWays({ proxy: false, servers: [apiURI], ...options });

function source(
  world: FakeOutside,
  options: Partial<NetworkRequest & { kind: 'dns' | 'http' }> = {},
): NetworkSource {
  const { kind = 'http', ...rest } = options;
  return networkKindsOver(world)[kind].source({
    ...networkDefaults,
    apiURI,
    url: undefined,
    ways: waysOf(),
    ...rest,
  });
}

/** A lease of a world that has answered yes, with what it has told since. */
async function online(
  world: FakeOutside,
  options: Parameters<typeof source>[1] = {},
): Promise<{ told: boolean[]; lease: ReturnType<NetworkSource['lease']> }> {
  const lease = source(world, options).lease();
  const first = lease.getIsOnline();
  await world.last.yes();
  expect(await first).toBe(true);
  const told: boolean[] = [];
  lease.listen((isOnline) => told.push(isOnline));
  return { told, lease };
}

const pace: NetworkPace = { intervalMs: 100, timeoutMs: 40, threshold: 3 };

test('nothing is asked before somebody wants to know', async () => {
  const world = new FakeOutside();
  source(world).lease().release();
  await world.pass(60_000);
  expect(world.asked).toEqual([]);
});

test('without options it asks every 5 s, waits 5 s for an answer, and believes three', async () => {
  const world = new FakeOutside();
  const { told, lease } = await online(world);
  await world.pass(4_999);
  expect(world.asked).toHaveLength(1);
  await world.pass(1);
  expect(world.asked).toHaveLength(2);
  await world.pass(4_999);
  expect(world.last.signal?.aborted).toBe(false);
  await world.pass(1);
  expect(world.last.signal?.aborted).toBe(true);
  await world.pass(5_000 + 5_000 + 5_000);
  expect(told).toEqual([]);
  await world.pass(5_000);
  expect(world.asked).toHaveLength(4);
  expect(told).toEqual([false]);
  lease.release();
});

test('it says why it takes the network for gone', async () => {
  const world = new FakeOutside();
  const { told, lease } = await online(world, { ...pace, threshold: 1 });
  await world.pass(100);
  const cause = new Error('no route');
  await world.last.no(cause);
  expect(told).toEqual([false]);
  expect(lease.whyOffline?.()).toMatchObject({
    code: 'connection-failed',
    message: 'Paused, as there seems to be no network: GET "https://instant.test/api/health" failed',
    cause,
    hint: expect.stringContaining('every 100 ms'),
  });
  await world.pass(140);
  expect(lease.whyOffline?.()).toMatchObject({ cause: { message: 'No answer for 40 ms' } });
  lease.release();
});

test('what answers now and then is not taken for gone, nor for back', async () => {
  const world = new FakeOutside();
  const { told, lease } = await online(world, pace);
  for (let turn = 0; turn < 20; turn++) {
    await world.pass(100);
    await world.last.no(new Error('EAI_AGAIN'));
    await world.pass(100);
    await world.last.no(new Error('EAI_AGAIN'));
    await world.pass(100);
    await world.last.yes();
  }
  expect(told).toEqual([]);
  for (let turn = 0; turn < 3; turn++) {
    await world.pass(100);
    await world.last.no(new Error('ENOTFOUND'));
  }
  expect(told).toEqual([false]);
  for (let turn = 0; turn < 20; turn++) {
    await world.pass(100);
    await world.last.yes();
    await world.pass(100);
    await world.last.no(new Error('EAI_AGAIN'));
  }
  expect(told).toEqual([false]);
  lease.release();
});

test('a first question that hangs is a no after its time', async () => {
  const world = new FakeOutside();
  const lease = source(world, pace).lease();
  const first = lease.getIsOnline();
  await world.pass(40);
  expect(await first).toBe(false);
  expect(world.last.signal?.aborted).toBe(true);
  lease.release();
});

test('an answer that comes after its time counts for nothing', async () => {
  const world = new FakeOutside();
  const { told, lease } = await online(world, { ...pace, threshold: 1 });
  await world.pass(100);
  const late = world.last;
  await world.pass(40);
  expect(told).toEqual([false]);
  await late.yes();
  expect(told).toEqual([false]);
  lease.release();
});

test('all databases that ask the same ask together, and others do not', async () => {
  const world = new FakeOutside();
  const one = await online(world, pace);
  const two = source(world, pace).lease();
  expect(await two.getIsOnline()).toBe(true);
  const told: boolean[] = [];
  two.listen((isOnline) => told.push(isOnline));
  expect(world.asked).toHaveLength(1);
  for (const other of [
    { ...pace, threshold: 2 },
    { ...pace, intervalMs: 99 },
    { ...pace, timeoutMs: 39 },
    { ...pace, apiURI: 'https://other.test' },
    { ...pace, url: new URL('https://instant.test/api/health?token=1') },
    { ...pace, ways: waysOf({ headers: { a: 'b' } }) },
    { ...pace, ways: waysOf({ tls: { servername: 'a' } }) },
    { ...pace, ways: waysOf({ proxy: 'http://a:b@proxy.test' }) },
    { ...pace, kind: 'dns' as const },
  ]) {
    const before = world.asked.length;
    const lease = source(world, other).lease();
    void lease.getIsOnline();
    expect(world.asked).toHaveLength(before + 1);
    lease.release();
  }
  await world.pass(100);
  for (let turn = 0; turn < 3; turn++) {
    await world.last.no(new Error('no route'));
    await world.pass(100);
  }
  expect([one.told, told]).toEqual([[false], [false]]);
  one.lease.release();
  two.release();
});

test('whoever has given up is told nothing, and the others still are', async () => {
  const world = new FakeOutside();
  const one = await online(world, { ...pace, threshold: 1 });
  const two = source(world, { ...pace, threshold: 1 }).lease();
  const told: boolean[] = [];
  two.listen((isOnline) => told.push(isOnline));
  one.lease.release();
  one.lease.release();
  await world.pass(100);
  await world.last.no(new Error('no route'));
  expect(one.told).toEqual([]);
  expect(told).toEqual([false]);
  two.release();
});

test.each(['during a question', 'between two questions'])(
  'nothing is left when the last one gives up %s',
  async (when) => {
    const world = new FakeOutside();
    const one = await online(world, pace);
    const two = source(world, pace).lease();
    expect(await two.getIsOnline()).toBe(true);
    if (when === 'during a question') await world.pass(100);
    one.lease.release();
    expect(world.timers).toBe(1);
    two.release();
    expect(world.timers).toBe(0);
    expect(world.last.signal?.aborted).toBe(true);
    const count = world.asked.length;
    await world.last.yes();
    await world.pass(10_000);
    expect(world.asked).toHaveLength(count);
    expect(world.timers).toBe(0);
  },
);

test('one that is given up before its first answer never has one, and asks nothing any more', async () => {
  const world = new FakeOutside();
  const lease = source(world, pace).lease();
  let hasAnswer = false;
  void lease.getIsOnline().then(() => {
    hasAnswer = true;
  });
  lease.release();
  expect(world.timers).toBe(0);
  await world.last.yes();
  void lease.getIsOnline();
  lease.listen(() => {})?.();
  await settled();
  expect(hasAnswer).toBe(false);
  expect(world.asked).toHaveLength(1);
});

test('whoever asks when all have given up has it asked anew', async () => {
  const world = new FakeOutside();
  const { lease } = await online(world, pace);
  lease.release();
  const next = source(world, pace).lease();
  const first = next.getIsOnline();
  expect(world.asked).toHaveLength(2);
  await world.last.no(new Error('no route'));
  expect(await first).toBe(false);
  next.release();
});

test('"dns" asks for the host of the API, without the brackets of an address', async () => {
  const world = new FakeOutside();
  for (const [uri, host] of [
    ['https://instant.test/api', 'instant.test'],
    ['http://[::1]:8888', '::1'],
    ['http://127.0.0.1:8888', '127.0.0.1'],
  ] as const) {
    const { lease } = await online(world, { ...pace, apiURI: uri, kind: 'dns' });
    expect(world.last.of).toBe(host);
    lease.release();
  }
});

test.each([
  [200, true],
  [204, true],
  [302, true],
  [401, true],
  [404, true],
  [407, true],
  [429, true],
  [499, true],
  [500, false],
  [502, false],
  [503, false],
  [504, false],
  [511, false],
])('"http" takes status %i for %s', async (status, isOnline) => {
  const world = new FakeOutside();
  const lease = source(world, pace).lease();
  const first = lease.getIsOnline();
  expect(world.last.of).toBe('https://instant.test/api/health');
  await world.last.yes(status);
  expect(await first).toBe(isOnline);
  lease.release();
});

/** The ways by which a world is asked for URLs. */
function routesOf(world: FakeOutside): Route[] {
  const routes: Route[] = [];
  const { status } = world;
  world.status = (url, route, signal) => {
    routes.push(route);
    return status(url, route, signal);
  };
  return routes;
}

const urls = [undefined, 'https://instant.test/other', 'https://other.test', 'http://instant.test'];

test('"http" sends what is meant for the server of the database to no other', () => {
  const world = new FakeOutside();
  const routes = routesOf(world);
  const own = { headers: { authorization: 'secret' }, tls: { servername: 'secret' } };
  for (const url of urls) {
    const asked = url === undefined ? undefined : new URL(url);
    const lease = source(world, { ways: waysOf(own), url: asked }).lease();
    void lease.getIsOnline();
    lease.release();
  }
  const others = { headers: {}, tls: {} };
  expect(routes.map(({ headers, tls }) => ({ headers, tls }))).toEqual([own, own, others, others]);
  expect(routes.map(({ proxy }) => proxy)).toEqual(Array(4).fill(undefined));
});

test('"http" goes through the proxy, whomever it asks, but a loopback address', () => {
  const world = new FakeOutside();
  const routes = routesOf(world);
  const ways = waysOf({ proxy: 'http://proxy.test', tls: { ca: 'authority' } });
  for (const url of [...urls, 'http://127.0.0.1:8888/up']) {
    const lease = source(world, { ways, url: url === undefined ? undefined : new URL(url) }).lease();
    void lease.getIsOnline();
    lease.release();
  }
  expect(routes.slice(0, 4).map(({ proxy }) => [proxy?.origin, proxy?.ca])).toEqual(
    Array(4).fill(['http://proxy.test', 'authority']),
  );
  expect(routes[4]?.proxy).toBeUndefined();
});

test('databases with equal ways ask together, each with ways of its own, and the password tells them apart', async () => {
  const world = new FakeOutside();
  const through = (user: string): NetworkSource =>
    source(world, { ...pace, ways: waysOf({ proxy: `http://${user}@proxy.test` }) });
  const [one, two, other] = [through('a:b'), through('a:b'), through('a:c')];
  const leases = [one, two, other].map((it) => it.lease());
  for (const lease of leases) void lease.getIsOnline();
  expect(world.asked).toHaveLength(2);
  for (const lease of leases) lease.release();
  expect(one.identity).toEqual(other.identity);
  expect(JSON.stringify([one, other])).not.toContain(Buffer.from('a:b').toString('base64'));
});

test('"dns" asks for the host of the proxy where one leads to the API, and says so', async () => {
  const world = new FakeOutside();
  const other = 'https://other.test';
  for (const [proxy, host] of [
    ['http://user:secret@proxy.test:3128', 'proxy.test'],
    ['https://[::1]:3128', '::1'],
  ] as const) {
    const one = source(world, { ...pace, kind: 'dns', ways: waysOf({ proxy }) }).lease();
    const two = source(world, { ...pace, kind: 'dns', ways: waysOf({ proxy }), apiURI: other }).lease();
    const first = one.getIsOnline();
    void two.getIsOnline();
    expect(world.last.of).toBe(host);
    await world.last.no(new Error('ENOTFOUND'));
    expect(await first).toBe(false);
    expect(one.whyOffline?.()?.message).toBe(
      `Paused, as there seems to be no network: resolving the name "${host}" of the proxy failed`,
    );
    one.release();
    two.release();
  }
  expect(world.asked).toHaveLength(2);
});

test('what it says of a failure has no query, which may hold a secret', async () => {
  const world = new FakeOutside();
  const lease = source(world, { url: new URL('https://other.test/up?token=secret') }).lease();
  const first = lease.getIsOnline();
  await world.last.yes(503);
  await first;
  const { message, cause } = lease.whyOffline?.() ?? {};
  expect(`${message} ${cause}`).not.toContain('secret');
  expect(cause).toMatchObject({ message: 'GET "https://other.test/up" was answered with 503' });
  lease.release();
});
