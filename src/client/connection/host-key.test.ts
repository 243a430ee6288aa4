import { expect, test } from 'vitest';
import { type HostWay, hostKey } from './host-key.ts';

class One {}
class Other {}

const proxy = { origin: 'http://proxy.test', authorization: 'Basic a-secret-of-a-proxy' };
const tls = { ca: 'authority', cert: 'certificate', key: 'a-secret-key', servername: 'name' };
const reversed = Object.fromEntries(Object.entries(tls).reverse());
const way: HostWay = {
  websocketURI: 'wss://instant.test/runtime/session',
  route: { proxy, tls },
  driver: { name: 'class' },
  WebSocket: One,
};
const key = (changed: Partial<HostWay> = {}): string => hostKey({ ...way, ...changed });

test('databases that reach a host in the same way have one key, whatever else they have', () => {
  const same: Partial<HostWay>[] = [
    {},
    { websocketURI: 'wss://INSTANT.test:443/other/path' },
    {
      route: {
        proxy: { ...proxy, ca: 'authority' },
        tls: { ...tls, rejectUnauthorized: undefined as never },
      },
    },
    { route: { proxy, tls: { rejectUnauthorized: true, ...reversed, ca: ['authority'] } } },
  ];
  expect(new Set(same.map(key)).size).toBe(1);
});

test('whatever tells two ways to a host apart makes two keys', () => {
  const others: Partial<HostWay>[] = [
    {},
    { websocketURI: 'ws://instant.test/runtime/session' },
    { websocketURI: 'ws://instant.test:443/runtime/session' },
    { websocketURI: 'wss://other.test/runtime/session' },
    { websocketURI: 'wss://instant.test:8443/runtime/session' },
    { route: { proxy: undefined, tls } },
    { route: { proxy: { ...proxy, origin: 'https://proxy.test' }, tls } },
    { route: { proxy: { ...proxy, authorization: undefined }, tls } },
    { route: { proxy: { ...proxy, authorization: 'Basic another' }, tls } },
    { route: { proxy, tls: {} } },
    { route: { proxy, tls: { ...tls, ca: 'other' } } },
    { route: { proxy, tls: { ...tls, ca: ['authority', 'other'] } } },
    { route: { proxy, tls: { ...tls, cert: 'other' } } },
    { route: { proxy, tls: { ...tls, key: 'other' } } },
    { route: { proxy, tls: { ...tls, servername: 'other' } } },
    { route: { proxy, tls: { ...tls, rejectUnauthorized: false } } },
    { driver: { name: 'ws' }, WebSocket: undefined },
    { driver: { name: 'native' }, WebSocket: 'native' },
    { WebSocket: Other },
    // As whoever makes two classes by one function has them.
    { WebSocket: { One: class One {} }.One },
  ];
  expect(new Set(others.map(key)).size).toBe(others.length);
});

test('no secret can be read in it', () => {
  const shown = key();
  for (const secret of ['a-secret-of-a-proxy', 'a-secret-key', 'certificate', 'authority']) {
    expect(shown).not.toContain(secret);
  }
});
