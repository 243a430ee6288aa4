// By their paths: listeners are no part of what the package exports.
import { classSource } from '../../src/drivers/network/class-source.ts';
import { networkKinds, networkKindsOver } from '../../src/drivers/network/index.ts';
import { outside } from '../../src/drivers/network/network-outside.ts';
import { createWays } from '../../src/drivers/ways/create-ways.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { networkContract, switchedNetworkContract } from '../support/network-contract.ts';

const ways = createWays({ proxy: false, servers: [] });

/** Often enough not to be waited for, and no answer is late on a machine that is busy. */
const pace = { intervalMs: 5, timeoutMs: 60_000, threshold: 2 };

/** Questions, so that a test can wait for so many more of them that whatever they change is told. */
function questions(): { ask(): void; seen(): Promise<void> } {
  const asked = inbox<number>();
  return {
    ask: () => asked.push(asked.all.length),
    seen: async () => {
      const last = asked.all.length + pace.threshold + 1;
      await asked.first((index) => index >= last);
    },
  };
}

networkContract('always-online', async () => {
  const server = await fakeInstant();
  const source = networkKinds['always-online'].source({
    ...pace,
    apiURI: server.apiURI,
    url: undefined,
    ways,
  });
  return {
    server,
    option: 'always-online',
    lease: () => source.lease(),
    seen: () => Promise.resolve(),
  };
});

switchedNetworkContract('dns', async (first) => {
  const server = await fakeInstant();
  const { ask, seen } = questions();
  let isOnline = first;
  const lookup = async (name: string): Promise<string> => {
    ask();
    if (isOnline) return name;
    throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
  };
  const source = networkKindsOver({ ...outside, lookup }).dns.source({
    ...pace,
    apiURI: server.apiURI,
    url: undefined,
    ways,
  });
  const lease = source.lease();
  return {
    server,
    // The name of a real host is resolved by nothing that a test could switch.
    option: {
      getIsOnline: () => lease.getIsOnline(),
      listen: (change) => {
        const stop = lease.listen(change);
        return () => {
          stop?.();
          lease.release();
        };
      },
    },
    lease: () => source.lease(),
    switch: (now) => {
      isOnline = now;
    },
    seen,
  };
});

switchedNetworkContract('http', async (first) => {
  const { ask, seen } = questions();
  let isOnline = first;
  const server = await fakeInstant({
    http(path) {
      if (path === '/health') ask();
      return { status: isOnline ? 404 : 503, body: {} };
    },
  });
  const source = networkKinds.http.source({ ...pace, apiURI: server.apiURI, url: undefined, ways });
  return {
    server,
    option: { use: 'http', ...pace },
    lease: () => source.lease(),
    switch: (now) => {
      isOnline = now;
    },
    seen,
  };
});

switchedNetworkContract('a class', async (first) => {
  const network = switchedNetwork(first);
  return {
    server: await fakeInstant(),
    option: network,
    lease: () => classSource(network).lease(),
    switch: network.switch,
    seen: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
});
