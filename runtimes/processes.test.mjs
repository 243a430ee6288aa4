import { expect, test } from 'vitest';
import { pool } from './processes.mjs';

/** Tasks of which each notes when it begins, and ends in the next turn. */
function tasksOf(began, ...all) {
  return all.map(({ name, ...rest }) => ({
    ...rest,
    async run() {
      began.push(name);
      await new Promise((resolve) => setImmediate(resolve));
      return name;
    },
  }));
}

test('pool() begins with the longest, and gives the results in the order of the tasks', async () => {
  const began = [];
  const tasks = tasksOf(
    began,
    { name: 'short', seconds: 1 },
    { name: 'long', seconds: 3 },
    { name: 'as short', seconds: 1 },
    { name: 'middle', seconds: 2 },
  );
  expect(await pool(tasks, 2)).toEqual(['short', 'long', 'as short', 'middle']);
  expect(began).toEqual(['long', 'middle', 'short', 'as short']);
});

test('pool() begins with what can begin, and with the longest of the others when there is nothing else', async () => {
  const began = [];
  let prepare = () => {};
  const after = new Promise((resolve) => {
    prepare = resolve;
  });
  const tasks = tasksOf(
    began,
    { name: 'waits', seconds: 3, after },
    { name: 'waits, too', seconds: 4, after },
    { name: 'ready', seconds: 1 },
    { name: 'ready, too', seconds: 2 },
  );
  await pool(tasks, 1);
  expect(began).toEqual(['ready, too', 'ready', 'waits, too', 'waits']);
  began.length = 0;
  prepare();
  await after;
  await pool(tasks, 1);
  expect(began).toEqual(['ready, too', 'waits, too', 'waits', 'ready']);
});
