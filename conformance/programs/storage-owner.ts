// Counts in a storage, as one of several processes of which each may be killed at any moment.
// By their paths: drivers are no part of what the package exports.
import type { StorageDriver } from '../../src/drivers/contract.ts';
import { openFilesystemStorage } from '../../src/drivers/storage/filesystem/filesystem.ts';
import { openSqliteStorage } from '../../src/drivers/storage/sqlite/sqlite.ts';
import type { InstantNodeError } from '../../src/errors.ts';

/** What the process is given as its argument. */
export interface OwnerInput {
  storage: 'filesystem' | 'sqlite';
  path: string;
  instanceKey: string;
  /** How often it takes the scope, counts on, and lets it go. */
  turns: number;
  /** How far it counts in a turn. */
  steps: number;
  /** Whether it asks for a scope that another has again and again, and at once, where it else waits. */
  isEager?: boolean;
}

const {
  storage,
  path,
  instanceKey,
  turns,
  steps,
  isEager = false,
} = JSON.parse(process.argv[2] ?? '') as OwnerInput;
const open = { filesystem: openFilesystemStorage, sqlite: openSqliteStorage }[storage];
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

for (let turn = 0; turn < turns; turn++) {
  const { driver, found } = await openInTurn();
  let count = Number(found ?? 0);
  say('owner');
  for (let step = 0; step < steps; step++) {
    count++;
    await driver.write([
      ['count', `${count}`],
      [`counted:${count}`, `${process.pid}`],
    ]);
    say(`${count}`);
  }
  await driver.dispose();
}

/** Opens the storage, and reads what was counted. */
async function openInTurn(): Promise<{ driver: StorageDriver; found: string | null }> {
  for (;;) {
    let driver: StorageDriver | undefined;
    try {
      driver = open(path, {
        scope: { appId: 'app', instanceKey },
        whenLocked: isEager ? 'fail' : 'wait',
        hold: true,
        report: (error) => say(`report ${error.message}`),
        lost: (error) => say(`lost ${error.message}`),
        emptied: () => say('emptied'),
      });
      return { driver, found: await driver.get('count') };
    } catch (error) {
      if (!isEager || (error as InstantNodeError).code !== 'storage-locked') throw error;
      await driver?.dispose();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
