import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import type { InstantNodeError, NodeConfig } from '@instantdb/node';
import { type BackendLogEntry, startBackend } from '@instantdb/node/backend';
import { expect, onTestFinished, test, vi } from 'vitest';
import { inbox } from '../support/inbox.ts';
import { type Address, open, serveApp } from '../support/open.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

/** Opens a database, waits until it works, and gives what it told of by then. */
async function toldBy(address: Address, options: Partial<NodeConfig<never>>): Promise<InstantNodeError[]> {
  const db = open(address, options as object);
  const told = inbox<InstantNodeError>();
  db.subscribeErrors(told.push);
  await db.ready();
  await db.auth.signInAsGuest();
  await db.close();
  return [...told.all];
}

// Windows has no modes.
const hasModes = process.platform !== 'win32';
const onModes = test.skipIf(!hasModes);
const onSqlite = test.skipIf(!hasModes || !hasSqlite);

onModes(
  'a folder that others may use is told of once each time it is opened, and stays as it is',
  async () => {
    const address = await serveApp();
    const storagePath = `${temporaryFolder()}/shared`;
    mkdirSync(storagePath);
    chmodSync(storagePath, 0o755);
    const options = { storage: 'filesystem', storagePath, instanceKey: 'same' } as const;
    for (const opening of ['first', 'second']) {
      expect(await toldBy(address, options), opening).toMatchObject([
        {
          code: 'storage',
          message: `Opened storage "filesystem" at "${storagePath}": others than its owner may use "${storagePath}" (mode 755)`,
          hint: `Run: chmod 700 "${storagePath}"`,
        },
      ]);
    }
    expect(modeOf(storagePath)).toBe(0o755);
    chmodSync(storagePath, 0o700);
    expect(await toldBy(address, options)).toEqual([]);
  },
);

onSqlite('so is a SQLite file, with those beside it', async () => {
  const address = await serveApp();
  const storagePath = `${temporaryFolder()}/app.db`;
  const options = { storage: 'sqlite', storagePath, instanceKey: 'same' } as const;
  expect(await toldBy(address, options)).toEqual([]);
  expect(modeOf(storagePath)).toBe(0o600);
  chmodSync(storagePath, 0o640);
  const told = await toldBy(address, options);
  expect(told).toMatchObject([{ code: 'storage' }]);
  expect(told[0]?.message).toContain(`others than its owner may use "${storagePath}" (mode 640)`);
  expect(told[0]?.hint).toContain(`chmod 600 "${storagePath}"`);
  expect(modeOf(storagePath)).toBe(0o640);
});

onModes('without a subscriber it is logged, with what would help', async () => {
  const storagePath = `${temporaryFolder()}/shared`;
  mkdirSync(storagePath);
  chmodSync(storagePath, 0o770);
  const logged = inbox<string>();
  const logger = { info() {}, debug() {}, error: logged.push };
  await open(await serveApp(), { storage: 'filesystem', storagePath, logger }).ready();
  expect(await logged.first()).toContain(
    `may use "${storagePath}" (mode 770). Run: chmod 700 "${storagePath}"`,
  );
});

test('what a database makes is its owner’s alone, and nothing is told of it', async () => {
  const storagePath = `${temporaryFolder()}/new`;
  expect(await toldBy(await serveApp(), { storage: 'filesystem', storagePath })).toEqual([]);
});

onSqlite('a backend warns of a data folder that others may use, by default on the console', async () => {
  const data = `${temporaryFolder()}/data`;
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  await (await startBackend({ data })).close();
  expect(warn.mock.calls).toEqual([]);
  expect(modeOf(data)).toBe(0o700);
  chmodSync(data, 0o755);
  const message = `Opened the data folder: others than its owner may use "${data}" (mode 755). Run: chmod 700 "${data}"`;
  await (await startBackend({ data })).close();
  expect(warn.mock.calls).toEqual([[`@instantdb/node backend: ${message}`]]);
  const log: BackendLogEntry[] = [];
  await (await startBackend({ data, log: (entry) => log.push(entry) })).close();
  expect(log.filter(({ level }) => level !== 'info')).toEqual([{ level: 'warning', message }]);
  expect(modeOf(data)).toBe(0o755);
  // What is in it is its owner's alone all the same.
  expect(readdirSync(data).filter((name) => (modeOf(`${data}/${name}`) & 0o077) !== 0)).toEqual([]);
});
