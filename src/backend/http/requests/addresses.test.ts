import { expect, test } from 'vitest';
import { hostOfHeader, hostOfOption, originOf } from './addresses.ts';

test.each([
  ['localhost', 'localhost'],
  ['LocalHost.:80', 'localhost'],
  ['example.com:', 'example.com'],
  ['127.1:8888', '127.0.0.1'],
  ['[::1]:8888', '::1'],
  ['[0:0::1]', '::1'],
  ['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
  ['', undefined],
  [':80', undefined],
  ['[]', undefined],
  ['::1', undefined],
  ['[::1', undefined],
  ['a b', undefined],
  ['localhost:80:80', undefined],
  ['localhost:80@evil.example', undefined],
  ['localhost@evil.example', undefined],
  ['evil.example/localhost', undefined],
  ['evil.example#localhost', undefined],
  ['evil.example?localhost', undefined],
  ['evil.example\\localhost', undefined],
])('the host in the header "%s" is %s', (header, host) => {
  expect(hostOfHeader(header)).toBe(host);
});

test.each([
  ['backend.test', 'backend.test'],
  ['0', '0.0.0.0'],
  ['::', '::'],
  ['::1', '::1'],
  ['[::1]', '::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['backend.test:80', undefined],
  ['http://backend.test', undefined],
  ['', undefined],
])('the host in the option "%s" is %s', (text, host) => {
  expect(hostOfOption(text)).toBe(host);
});

test.each([
  ['http://localhost:8080', 'http://localhost:8080'],
  ['HTTPS://Example.com:443/', 'https://example.com'],
  ['http://[::1]:80', 'http://[::1]'],
  ['http://127.1', 'http://127.0.0.1'],
  ['localhost:8080', undefined],
  ['ftp://example.com', undefined],
  ['https://example.com/path', undefined],
  ['https://example.com?x', undefined],
  ['https://user@example.com', undefined],
  ['null', undefined],
  ['*', undefined],
])('the origin "%s" is %s', (text, origin) => {
  expect(originOf(text)).toBe(origin);
});
