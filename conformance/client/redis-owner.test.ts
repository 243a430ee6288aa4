import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { dropAnchor } from '../../src/drivers/storage/lock/anchor.ts';
import { newOwner } from '../../src/drivers/storage/lock/lock-owner.ts';
import { openRedisStorage } from '../../src/drivers/storage/redis/redis.ts';
import type { Input, Line } from '../programs/redis-storage.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis.ts';
import { type StorageDriver, type StorageOptions, storageOptions } from '../support/storage-contract.ts';

const LEASE = 'instant:{scope:}:lease';

let program: Awaited<ReturnType<typeof buildProgram>>;
beforeAll(async () => {
  program = await buildProgram('redis-storage');
});
afterAll(() => program.remove());

function start(input: Input): Child {
  return program.start(input);
}

function open({ url }: RedisServer, options: Partial<StorageOptions> = {}): StorageDriver {
  const driver = openRedisStorage(
    { url },
    storageOptions({ scope: { appId: 'scope', instanceKey: '' }, ...options }),
  );
  onTestFinished(() => driver.dispose());
  return driver;
}

const linesOf = (child: Child): Line[] => child.lines.all.map((line) => JSON.parse(line) as Line);

function lastAcknowledged(child: Child): { count: number; pid: number } {
  const lines = linesOf(child).flatMap((line) => ('acknowledged' in line ? [line] : []));
  const { acknowledged = 0, pid = 0 } = lines.at(-1) ?? {};
  return { count: acknowledged, pid };
}

describeWithRedis('the owner of a scope in redis', () => {
  test('that lives keeps another process out, which is told who it is', async () => {
    const server = await startRedis();
    const child = start({ url: server.url, hold: true, does: 'count' });
    await child.lines.first();
    const { pid } = lastAcknowledged(child);
    await expect(open(server).get('count')).rejects.toMatchObject({
      code: 'storage-locked',
      message: expect.stringContaining(`process ${pid}`),
    });
    const before = lastAcknowledged(child).count;
    await child.lines.first((line) => JSON.parse(line).acknowledged > before);
  });

  test('that was killed is followed by the next, which has all that was acknowledged', async () => {
    const server = await startRedis();
    const child = start({ url: server.url, hold: true, does: 'count' });
    await child.lines.first((line) => JSON.parse(line).acknowledged === 20);
    child.kill();
    await child.ended;
    const next = open(server);
    expect(Number(await next.get('count'))).toBeGreaterThanOrEqual(lastAcknowledged(child).count);
    await next.write([['count', 'next']]);
    expect(await next.get('count')).toBe('next');
  });

  test('that is killed while another waits for it is followed by that one', async () => {
    const server = await startRedis();
    const child = start({ url: server.url, hold: true, does: 'count' });
    await child.lines.first();
    const waits = open(server, { whenLocked: 'wait' });
    const count = waits.get('count');
    child.kill();
    await child.ended;
    expect(Number(await count)).toBeGreaterThanOrEqual(lastAcknowledged(child).count);
  });

  test('that was stopped and replaced acknowledges nothing when it goes on', async () => {
    const server = await startRedis();
    const child = start({ url: server.url, hold: true, does: 'count' });
    await child.lines.first((line) => JSON.parse(line).acknowledged === 5);
    const { pid } = lastAcknowledged(child);
    process.kill(pid, 'SIGSTOP');
    const next = open(server, { whenLocked: 'wait' });
    const count = Number(await next.get('count'));
    await next.write([['count', 'next']]);
    process.kill(pid, 'SIGCONT');
    await child.ended;
    expect(linesOf(child).filter((line) => !('acknowledged' in line))).toEqual(
      expect.arrayContaining([{ lost: 'storage-locked' }, { rejected: 'storage-locked' }]),
    );
    expect(lastAcknowledged(child).count).toBeLessThanOrEqual(count);
    expect(await next.get('count')).toBe('next');
  });

  test('that was stopped goes on when nobody has replaced it', async () => {
    const server = await startRedis();
    const child = start({ url: server.url, hold: true, does: 'count' });
    await child.lines.first();
    const { pid } = lastAcknowledged(child);
    process.kill(pid, 'SIGSTOP');
    while (server.command('EXISTS', LEASE) !== '0') await new Promise((resolve) => setTimeout(resolve, 50));
    const { count } = lastAcknowledged(child);
    process.kill(pid, 'SIGCONT');
    await child.lines.first((line) => JSON.parse(line).acknowledged > count + 20);
    expect(server.command('EXISTS', LEASE)).toBe('1');
  });
});

describeWithRedis('an owner of a scope in redis of whom nothing but the lease is known', () => {
  const elsewhere = 'other {"token":"other","pid":1,"host":"elsewhere"}';

  test('has the scope until its lease runs out', async () => {
    const server = await startRedis();
    server.command('SET', LEASE, elsewhere, 'PX', '1500');
    const next = open(server);
    await next.write([['a', '1']]);
    expect(server.command('GET', LEASE)).not.toBe(elsewhere);
  });

  test('keeps it by renewing that', async () => {
    const server = await startRedis();
    const renew = (): string => server.command('SET', LEASE, elsewhere, 'PX', '5000');
    renew();
    const timer = setInterval(renew, 500);
    onTestFinished(() => clearInterval(timer));
    await expect(open(server).get('a')).rejects.toMatchObject({
      code: 'storage-locked',
      message: expect.stringContaining('process 1 of "elsewhere"'),
    });
  });
});

describeWithRedis('an owner of a scope in redis in another part of this process', () => {
  test('has the scope as long as it is there, and is followed at once, whatever its lease says', async () => {
    const server = await startRedis();
    const anchor = dropAnchor();
    const owner = JSON.stringify({ ...newOwner(), anchor: anchor?.name });
    const holder = `part ${owner}`;
    server.command('SET', LEASE, holder, 'PX', '1000000');
    const written = open(server).write([['a', '1']]);
    for (let attempt = 0; attempt < 10; attempt++) {
      expect(server.command('GET', LEASE)).toBe(holder);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // As the system does for a program that `bun --watch` replaces, or a thread that ends.
    anchor?.weigh();
    await written;
    expect(server.command('GET', LEASE)).not.toBe(holder);
  });
});

describeWithRedis('a process with storage redis', () => {
  test('ends by itself with hold false, after what it was writing is acknowledged', async () => {
    const server = await startRedis();
    const child = start({ url: server.url, hold: false, does: 'write' });
    expect(await child.ended).toEqual({ code: 0, signal: null, errors: '' });
    expect(linesOf(child)).toMatchObject([{ acknowledged: 1 }]);
    expect(await open(server).get('count')).toBe('1');
  });

  test('ends by itself with hold false, also when there is no server', async () => {
    const server = await startRedis();
    await server.kill();
    const child = start({ url: server.url, hold: false, does: 'nothing' });
    expect(await child.ended).toEqual({ code: 0, signal: null, errors: '' });
  });

  test('goes on with hold true, and renews its lease', async () => {
    const server = await startRedis();
    const child = start({ url: server.url, hold: true, does: 'write' });
    await child.lines.first();
    let left = Number.POSITIVE_INFINITY;
    for (let renewals = 0; renewals < 2; ) {
      const now = Number(server.command('PTTL', LEASE));
      if (now > left) renewals++;
      left = now;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill();
    expect(await child.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  });
});
