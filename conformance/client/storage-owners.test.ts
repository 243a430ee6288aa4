import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { openFilesystemStorage } from '../../src/drivers/storage/filesystem/filesystem.ts';
import { openSqliteStorage } from '../../src/drivers/storage/sqlite/sqlite.ts';
import type { OwnerInput } from '../programs/storage-owner.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { seededRandom } from '../support/random.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { type StorageDriver, type StorageOptions, storageOptions } from '../support/storage-contract.ts';

const seed = Number(process.env.OWNERS_SEED ?? Date.now() % 1_000_000);

const drivers = { filesystem: openFilesystemStorage, ...(hasSqlite ? { sqlite: openSqliteStorage } : {}) };
const storages = Object.keys(drivers) as OwnerInput['storage'][];

describe.each(storages)('processes that share storage "%s"', (storage) => {
  let program: Awaited<ReturnType<typeof buildProgram>>;
  beforeAll(async () => {
    program = await buildProgram('storage-owner');
  });
  afterAll(() => program.remove());

  function openHere(input: OwnerInput, whenLocked: 'fail' | 'wait' = 'fail'): StorageDriver {
    const scope = { appId: 'app', instanceKey: input.instanceKey };
    const options = storageOptions({ scope, whenLocked, hold: true });
    const driver = openOf(storage)(input.path, options);
    onTestFinished(() => driver.dispose());
    return driver;
  }

  const inputFor = (turns: number, steps: number): OwnerInput => ({
    storage,
    path: `${temporaryFolder()}/data`,
    instanceKey: '',
    turns,
    steps,
  });

  const countsOf = (children: readonly Child[]): number[] =>
    children.flatMap(({ lines }) => lines.all.filter((line) => /^\d+$/.test(line)).map(Number));

  /** Nothing was counted twice, nothing that was said is missing, and nothing is there in part. */
  async function expectCounted(children: readonly Child[], driver: StorageDriver): Promise<number> {
    const said = countsOf(children);
    expect(new Set(said).size, `OWNERS_SEED=${seed}`).toBe(said.length);
    const last = Number(await driver.get('count'));
    expect(last).toBeGreaterThanOrEqual(Math.max(...said));
    const keys = Array.from({ length: last }, (_, index) => `counted:${index + 1}`);
    expect(new Set(await driver.keys())).toEqual(new Set(['count', ...keys]));
    return last;
  }

  test('have it in turns, and each goes on from what the one before has kept', async () => {
    const input = inputFor(5, 4);
    const children = Array.from({ length: 4 }, () => program.start(input));
    for (const child of children) expect(await child.ended).toEqual({ code: 0, signal: null, errors: '' });
    expect(await expectCounted(children, openHere(input))).toBe(4 * 5 * 4);
  });

  test('never have it two at a time, however many ask for it at once, and leave no lock that is not to be left', async () => {
    const input = { ...inputFor(12, 1), isEager: true };
    const children = Array.from({ length: 6 }, () => program.start(input));
    for (const child of children) expect(await child.ended).toEqual({ code: 0, signal: null, errors: '' });
    for (const { lines } of children)
      expect(lines.all.filter((line) => /lost|report/.test(line))).toEqual([]);
    if (storage === 'sqlite') expect(existsSync(`${input.path}.locks`)).toBe(false);
    expect(await expectCounted(children, openHere(input))).toBe(6 * 12);
  });

  test('have it at once from one that was killed, and lose nothing that it acknowledged', async () => {
    const input = inputFor(1, 1_000_000);
    const random = seededRandom(seed);
    const children: Child[] = [];
    let next = program.start(input);
    for (let kill = 0; kill < 8; kill++) {
      const owner = next;
      children.push(owner);
      await owner.lines.first((line) => line === 'owner');
      // The next one waits for it already.
      next = program.start(input);
      const enough = countsOf(children).length + random.below(40);
      await owner.lines.first(() => countsOf(children).length >= enough);
      expect(() => openHere(input)).toThrow(expect.objectContaining({ code: 'storage-locked' }));
      owner.kill();
      await owner.ended;
    }
    children.push(next);
    await next.lines.first((line) => line === 'owner');
    next.kill();
    await next.ended;
    await expectCounted(children, openHere(input));
    for (const { lines } of children)
      expect(lines.all.filter((line) => /lost|report/.test(line))).toEqual([]);
  });

  test('write different scopes at the same time', async () => {
    const input = inputFor(1, 50);
    const inputs = ['a', 'b', 'c'].map((instanceKey) => ({ ...input, instanceKey }));
    const children = inputs.map((each) => program.start(each));
    for (const child of children) expect(await child.ended).toEqual({ code: 0, signal: null, errors: '' });
    for (const [index, child] of children.entries()) {
      const driver = openHere(inputs[index] as OwnerInput);
      expect(await expectCounted([child], driver)).toBe(50);
    }
  });
});

function openOf(storage: OwnerInput['storage']): (path: string, options: StorageOptions) => StorageDriver {
  const open = drivers[storage];
  if (!open) throw new TypeError(`Storage "${storage}" is not here`);
  return open;
}
