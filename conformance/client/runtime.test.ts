import { expect, test } from 'vitest';

test('the tests run on the runtime they were started for', () => {
  const name = process.env.EXPECT_RUNTIME;
  expect('Bun' in globalThis).toBe(name === 'bun');
  expect('Deno' in globalThis).toBe(name === 'deno');
  const emulatesNode = name === 'bun' || name === 'deno';
  expect(emulatesNode || name === `node${process.versions.node.split('.')[0]}`).toBe(true);
});
