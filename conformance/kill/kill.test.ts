import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { runtime } from '../support/runtime.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { killAmongMany } from './many.ts';
import { sweep } from './sweep.ts';

// KILLS says how often each storage is killed, SEED repeats a run:
//   KILLS=500 npx vitest run --project 'kill (node20)' --silent=false
const kills = (thorough: number, few = 20): number =>
  Number(process.env.KILLS ?? (runtime === 'node20' ? thorough : few));
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const timeout = 1_500_000;
/**
 * Pending writes among which a process is killed: many on one runtime, and on the others, which differ in how they write
 * and not in how much, as few as have two kills behind the first removals. SQLite is part of Node 24, and not of Node 20.
 */
const many = {
  filesystem: runtime === 'node20' ? 60_000 : 6_000,
  sqlite: runtime === 'node24' ? 60_000 : 6_000,
  redis: runtime === 'node20' ? 60_000 : 6_000,
};
const manyTitle = `loses nothing of very many writes of one turn, killed while they are saved and while they are removed`;

test('storage "filesystem" loses nothing that it acknowledged, however its process ends', { timeout }, () =>
  sweep(
    'filesystem',
    {
      storage: 'filesystem',
      storagePath: `${temporaryFolder()}/data`,
      encryptionKey: randomBytes(32).toString('base64'),
    },
    { kills: kills(200), seed },
  ),
);

test(`storage "filesystem" ${manyTitle}`, { timeout }, () =>
  killAmongMany(
    'filesystem',
    { storage: 'filesystem', storagePath: `${temporaryFolder()}/data` },
    { count: many.filesystem, seed },
  ),
);

if (hasSqlite) {
  test('storage "sqlite" loses nothing that it acknowledged, however its process ends', { timeout }, () =>
    sweep(
      'sqlite',
      { storage: 'sqlite', storagePath: `${temporaryFolder()}/data.db` },
      { kills: kills(200), seed },
    ),
  );

  test(`storage "sqlite" ${manyTitle}`, { timeout }, () =>
    killAmongMany(
      'sqlite',
      { storage: 'sqlite', storagePath: `${temporaryFolder()}/data.db` },
      { count: many.sqlite, seed },
    ),
  );
} else {
  test('storage "sqlite": better-sqlite3 is not installed here', () => expect(runtime).toBe('node20'));
}

describeWithRedis('storage "redis"', () => {
  test('loses nothing that it acknowledged, however its process ends', { timeout }, async () => {
    const { url } = await startRedis();
    // More than go to the server in one call: some are killed between two of them.
    const inFlight = [50, 2_500];
    await sweep('redis', { storage: 'redis', redis: { url } }, { kills: kills(50, 5), seed, inFlight });
  });

  test(manyTitle, { timeout }, async () => {
    const { url } = await startRedis();
    await killAmongMany('redis', { storage: 'redis', redis: { url } }, { count: many.redis, seed });
  });
});

test('the sweep finds what is lost: a storage that acknowledges before it has saved does not pass', {
  timeout,
}, async () => {
  const place = {
    storage: 'filesystem',
    storagePath: `${temporaryFolder()}/data`,
    durability: 'relaxed',
  };
  await expect(sweep('relaxed', place, { kills: 40, seed })).rejects.toThrow('to deeply equal []');
});
