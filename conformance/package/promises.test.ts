import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const docs = readFileSync(`${root}docs/storage.md`, 'utf8');

/** The rows that say which tests hold which promise. */
const table = docs.slice(docs.indexOf('Which test holds it'), docs.indexOf('## Copies'));
const rows = [...table.matchAll(/^\| (.+?) +\| (`.+`) +\|$/gm)].map(([, promise = '', tests = '']) => ({
  promise,
  tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, test = '']) => test),
}));

/** The promises of the page: each begins with its name, in bold. */
const promises = [...docs.matchAll(/^- \*\*(.+?)\.?\*\*/gm)].map(([, promise]) => promise);

test('docs/storage.md says for each promise which test holds it', () => {
  expect(promises.length).toBeGreaterThan(5);
  expect(rows.map(({ promise }) => promise)).toEqual(expect.arrayContaining(promises));
});

test('the tests that it names are there', () => {
  const files = rows
    .flatMap(({ tests }) => tests)
    .map((name) => (name.includes('/') ? name : `conformance/client/${name}`));
  expect(files.length).toBeGreaterThan(rows.length);
  expect(files.filter((file) => !existsSync(`${root}${file}.test.ts`))).toEqual([]);
});
