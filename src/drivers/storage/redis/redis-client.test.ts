import { expect, test } from 'vitest';
import { openRedisClient } from './redis-client.ts';
import { resolveRedisConfig } from './redis-config.ts';

test('openRedisClient() without ioredis says what to install', () => {
  const config = resolveRedisConfig({ url: 'redis://127.0.0.1' });
  const options = { hold: false, connectTimeoutMs: 1_000, unneededPassword: () => {} };
  const cause = new Error("Cannot find package 'ioredis'");
  const open = () =>
    openRedisClient(config, options, () => {
      throw cause;
    });
  expect(open).toThrow(
    expect.objectContaining({
      code: 'missing-dependency',
      hint: expect.stringMatching(/^Run: npm install ioredis@5/),
      cause,
    }),
  );
});
