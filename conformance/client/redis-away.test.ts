import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { id, type NodeConfig } from '@instantdb/node';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Input, Step } from '../programs/database.ts';
import { buildProgram } from '../support/child.ts';
import { serveApp } from '../support/open.ts';
import { describeWithRedis, freePort, startRedis } from '../support/redis.ts';

type Redis = NonNullable<NodeConfig['redis']>;

const ways: Record<string, (port: number) => Redis> = {
  'a server': (port) => ({ url: `redis://127.0.0.1:${port}` }),
  'a sentinel': (port) => ({ options: { sentinels: [{ host: '127.0.0.1', port }], name: 'main' } }),
  'a cluster': (port) => ({ cluster: [{ host: '127.0.0.1', port }] }),
};

let program: Awaited<ReturnType<typeof buildProgram>>;
beforeAll(async () => {
  program = await buildProgram('database');
});
afterAll(() => program.remove());

const nowhere = { appId: id(), apiURI: 'http://127.0.0.1:9' };

/** The lines of a process that performs `steps` on a storage at `redis`, and then says whether anything holds it. */
async function linesOf(
  redis: Redis,
  steps: Step[],
  address: NodeConfig = nowhere,
): Promise<readonly string[]> {
  const config: NodeConfig = { ...address, storage: 'redis', redis };
  const child = program.start({ config, steps: [...steps, 'say-if-held'] } satisfies Input);
  expect(await child.ended).toMatchObject({ code: 0, signal: null });
  return child.lines.all;
}

/** A server that takes connections and says nothing. */
async function silentPort(): Promise<number> {
  const server = createServer(() => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.each(Object.entries(ways))(
  'a process ends with close() when there is no redis, by the address of %s',
  async (_, of) => {
    expect(await linesOf(of(await freePort()), ['close'])).toEqual(['close', 'say-if-held']);
  },
);

test.each(Object.entries(ways))(
  'a process ends with close() when redis says nothing, by the address of %s',
  async (_, of) => {
    expect(await linesOf(of(await silentPort()), ['close'])).toEqual(['close', 'say-if-held']);
  },
);

describeWithRedis('a process whose redis has gone away', () => {
  test('ends with close()', async () => {
    const server = await startRedis();
    const config: NodeConfig = { ...(await serveApp()), storage: 'redis', redis: { url: server.url } };
    const steps: Step[] = ['transact', 'close-when-told', 'say-if-held'];
    const child = program.start({ config, steps } satisfies Input);
    await child.lines.first((line) => line === 'transact');
    await server.kill();
    expect(await child.ended).toMatchObject({ code: 0, signal: null });
    expect(child.lines.all).toEqual(['transact', 'close-when-told', 'say-if-held']);
  });
});
