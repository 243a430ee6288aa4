import { id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { follow, open, serveApp } from '../support/open.ts';
import { goal } from '../support/schema.ts';

test('watch() gives the first answer, then one for each change', async () => {
  const address = await serveApp();
  const [writer, reader] = [open(address), open(address)];
  await writer.ready();
  const titles: (string | undefined)[] = [];
  for await (const { data } of reader.watch({ goals: {} })) {
    titles.push(data.goals[0]?.title);
    if (titles.length === 1) await writer.transact(goal(id()).create({ title: 'Run' }));
    else break;
  }
  expect(titles).toEqual([undefined, 'Run']);
});

test('watch() yields pageInfo along with the data', async () => {
  const db = open(await serveApp());
  await db.ready();
  await db.transact([1, 2].map((priority) => goal(id()).create({ title: 'Run', priority })));
  for await (const { data, pageInfo } of db.watch({ goals: { $: { first: 1 } } })) {
    expect(data.goals).toHaveLength(1);
    expect(pageInfo.goals?.hasNextPage).toBe(true);
    break;
  }
});

test('watch() gives a slow reader the newest answer and nothing in between', async () => {
  const db = open(await serveApp());
  const seen = follow(db, { goals: {} });
  const answers = db.watch({ goals: {} });
  await answers.next();
  await seen.next();
  for (let count = 1; count <= 5; count++) {
    await db.transact(goal(id()).create({ title: 'Run' }));
    await seen.next(({ data }) => data?.goals.length === count);
  }
  expect((await answers.next()).value?.data.goals).toHaveLength(5);
  await answers.return?.();
});

test('leaving the loop, by break or by an exception, ends the subscription', async () => {
  const db = open(await serveApp());
  for await (const _ of db.watch({ goals: {} })) {
    expect(db.stats().subscriptions).toBe(1);
    break;
  }
  expect(db.stats().subscriptions).toBe(0);
  const loop = async (): Promise<void> => {
    for await (const _ of db.watch({ goals: {} })) throw new Error('mine');
  };
  await expect(loop()).rejects.toThrow('mine');
  expect(db.stats()).toMatchObject({ queries: 0, subscriptions: 0 });
});

test('aborting the signal ends the loop with its reason and ends the subscription', async () => {
  const db = open(await serveApp());
  const controller = new AbortController();
  const reason = new Error('enough');
  const loop = async (): Promise<void> => {
    for await (const _ of db.watch({ goals: {} }, { signal: controller.signal })) controller.abort(reason);
  };
  await expect(loop()).rejects.toBe(reason);
  expect(db.stats().subscriptions).toBe(0);
});

test('a signal that was aborted before lets nothing start', async () => {
  const db = open(await serveApp());
  const reason = new Error('enough');
  const answers = db.watch({ goals: {} }, { signal: AbortSignal.abort(reason) });
  await expect(answers.next()).rejects.toBe(reason);
  expect(await answers.next()).toEqual({ done: true, value: undefined });
  expect(db.stats().queries).toBe(0);
});

test('closing the database ends the loop', async () => {
  const db = open(await serveApp());
  let turns = 0;
  for await (const _ of db.watch({ goals: {} })) {
    turns++;
    void db.close();
  }
  expect(turns).toBe(1);
});

test('a query that the server refuses throws what the server said', async () => {
  const db = open(await serveApp(), { disableValidation: true });
  const answers = db.watch({ goals: { $: { where: { title: { $nope: 1 } as never } } } });
  await expect(answers.next()).rejects.toMatchObject({
    name: 'InstantAPIError',
    type: 'validation-failed',
    status: 400,
    message: expect.stringContaining('Validation failed for'),
    hint: expect.anything(),
  });
  expect(await answers.next()).toEqual({ done: true, value: undefined });
});

test('a query that does not fit the schema throws at once', async () => {
  const db = open(await serveApp());
  // @ts-expect-error There is no such entity.
  expect(() => db.watch({ goal: {} })).toThrow(expect.objectContaining({ name: 'QueryValidationError' }));
});

test('several readers of one watch() each get an answer or its end', async () => {
  const db = open(await serveApp());
  const answers = db.watch({ goals: {} });
  const turns = [answers.next(), answers.next()];
  expect((await turns[0])?.value?.data).toEqual({ goals: [] });
  await answers.return?.();
  expect(await turns[1]).toEqual({ done: true, value: undefined });
});
