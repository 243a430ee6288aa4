import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// By their paths: the table is no part of what the package exports.
import { storageKinds } from '../../src/drivers/storage/kinds/index.ts';
import type { StorageKind } from '../../src/drivers/storage/storage-kind.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const kinds: [name: string, kind: StorageKind][] = Object.entries(storageKinds);
/** Those that option `storage` has a name for. */
const named = kinds.filter(([, { given }]) => !given);

test('package.json names each package that a storage may need as one that the user installs', () => {
  const { peerDependencies } = JSON.parse(read('package.json')) as { peerDependencies: object };
  const needed = kinds.flatMap(([, { needs }]) => needs ?? []);
  expect(Object.keys(peerDependencies).sort()).toEqual(needed.sort());
});

test('docs/storage.md has a row for each kind, with the package that it may need', () => {
  const docs = read('docs/storage.md');
  const table = docs.slice(0, docs.indexOf('\n\n', docs.indexOf('| ---'))).split('\n');
  const rows = table.filter((line) => line.startsWith('|')).slice(2);
  expect(rows).toHaveLength(kinds.length);
  for (const [name, { needs = '' }] of named) {
    const row = rows.find((line) => line.startsWith(`| \`'${name}'\``));
    expect(row, name).toContain(needs);
  }
});

test('each kind that is opened by name keeps the contract of storages', () => {
  const folder = new URL('conformance/client/', root);
  const contracts = readdirSync(folder).filter((name) => name.endsWith('-contract.test.ts'));
  const texts = contracts.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const opened = named.filter(([, { open }]) => open).map(([name]) => name);
  expect(opened).not.toEqual([]);
  expect(opened.filter((name) => !texts.includes(`storageContract('${name}'`))).toEqual([]);
});

test('each kind that has a name is measured', async () => {
  const { STORAGES } = (await import(new URL('bench/storage/storages.mjs', root).href)) as {
    STORAGES: object;
  };
  expect(Object.keys(STORAGES)).toEqual(named.map(([name]) => name));
});
