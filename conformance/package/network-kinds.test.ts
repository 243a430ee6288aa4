import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// By its path: the table is no part of what the package exports.
import { networkKinds } from '../../src/drivers/network/index.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const names = Object.keys(networkKinds);

test('each kind of network listener, and a class of the user’s, keeps the contract of networks', () => {
  const text = read('conformance/client/network-contract.test.ts');
  const kept = [...text.matchAll(/etworkContract\('([^']+)'/g)].map(([, name]) => name);
  expect(kept).toEqual([...names, 'a class']);
});

test('the docs have a row for each kind, and one for a class', () => {
  const [, after = ''] = read('docs/connection.md').split('## Whether there is a network');
  const [docs = ''] = after.split('\n## ');
  const rows = docs.split('\n').filter((line) => /^\| (`|a class)/.test(line));
  for (const name of names) expect(rows.filter((row) => row.startsWith(`| \`'${name}'\``))).toHaveLength(1);
  expect(rows.filter((row) => row.startsWith('| a class'))).toHaveLength(1);
});
