import { expect, onTestFinished, test } from 'vitest';
import { Child, programOf } from '../../backend/testing/child-process.ts';

test('workers of node:cluster cannot share a port', async () => {
  const program = await programOf(new URL('./cluster.fixture.ts', import.meta.url));
  onTestFinished(() => program.remove());
  const child = new Child(program.command, []);
  expect(await child.ended).toBe(0);
  await child.outputEnded;
  expect(child.lines).toEqual([
    'worker: listens',
    expect.stringContaining('worker: refused: Choose another port'),
  ]);
});
