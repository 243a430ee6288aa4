import { expect, test } from 'vitest';
import { isLoopback } from './loopback.ts';

test.each(['localhost', 'localhost.', 'a.b.localhost', '127.0.0.1', '127.255.0.9', '::1'])(
  '%s is this machine',
  (hostname) => {
    expect(isLoopback(hostname)).toBe(true);
  },
);

test.each([
  '',
  '.localhost',
  'notlocalhost',
  'localhost.example.com',
  'localhost..',
  '127.0.0.1.example.com',
  '127.evil.example',
  '128.0.0.1',
  '0.0.0.0',
  '::',
])('"%s" is not', (hostname) => {
  expect(isLoopback(hostname)).toBe(false);
});
