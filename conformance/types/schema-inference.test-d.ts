import { type i as coreI, init as coreInit, type InstantCoreDatabase } from '@instantdb/core';
import {
  type AnySchema,
  type InstantNodeDatabase,
  type InstantRules,
  type InstantSchemaDef,
  type InstaQLEntity,
  type InstaQLParams,
  type InstaQLResult,
  i,
  id,
  init,
  lookup,
  type PresenceOf,
  type TopicsOf,
  type UpdateParams,
  type WatchedResult,
} from '@instantdb/node';
import { describe, expectTypeOf, test } from 'vitest';
import type { Schema } from '../support/schema.ts';

// Compiled, never run. What core's database gives is the measure of what ours gives.

const appId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const schema = i.schema({
  entities: {
    goals: i.entity({
      title: i.string(),
      state: i.string<'open' | 'done'>().optional(),
      priority: i.number().indexed().optional(),
      due: i.date().indexed().optional(),
    }),
    authors: i.entity({ name: i.string() }),
  },
  links: {
    goalAuthor: {
      forward: { on: 'goals', has: 'one', label: 'author' },
      reverse: { on: 'authors', has: 'many', label: 'goals' },
    },
  },
  rooms: {
    chat: {
      presence: i.entity({ nickname: i.string(), mood: i.string().optional() }),
      topics: { wave: i.entity({ hand: i.string() }) },
    },
  },
});

const core = coreInit({ appId, schema });
const db = init({ appId, schema });
const coreDated = coreInit({ appId, schema, useDateObjects: true });
const dated = init({ appId, schema, useDateObjects: true });
const coreUntyped = coreInit({ appId });
const untyped = init({ appId });
const query = { goals: { author: {}, $: { where: { priority: { $gt: 1 } }, limit: 3 } } } as const;

describe('a database of ours', () => {
  test('is a database of core’s, of the same schema', () => {
    expectTypeOf(db).toExtend<InstantCoreDatabase<typeof schema, false>>();
    expectTypeOf(dated).toExtend<InstantCoreDatabase<typeof schema, true>>();
    expectTypeOf(db.tx).toEqualTypeOf(core.tx);
    expectTypeOf(untyped.tx).toEqualTypeOf(coreUntyped.tx);
  });

  test('has every method of core’s, with core’s types', () => {
    expectTypeOf(db.transact).toEqualTypeOf(core.transact);
    // It takes more options.
    expectTypeOf(db.queryOnce).toExtend<typeof core.queryOnce>();
    expectTypeOf(db.queryOnce(query)).toEqualTypeOf(core.queryOnce(query));
    expectTypeOf(db.subscribeQuery).toEqualTypeOf(core.subscribeQuery);
    expectTypeOf(db.subscribeInfiniteQuery).toEqualTypeOf(core.subscribeInfiniteQuery);
    expectTypeOf(db.joinRoom).toEqualTypeOf(core.joinRoom);
    expectTypeOf(db.auth).toEqualTypeOf(core.auth);
    expectTypeOf(db.storage).toEqualTypeOf(core.storage);
    expectTypeOf(db.streams).toEqualTypeOf(core.streams);
    expectTypeOf<Exclude<keyof typeof core, keyof typeof db>>().toEqualTypeOf<never>();
  });
});

describe('i', () => {
  test('is core’s, with texts that are texts also from TypeScript 6 on', () => {
    expectTypeOf(i).toExtend<typeof coreI>();
    expectTypeOf<typeof coreI>().toExtend<typeof i>();
    expectTypeOf<keyof typeof i>().toEqualTypeOf<keyof typeof coreI>();
    expectTypeOf(i.string()).toEqualTypeOf<ReturnType<typeof coreI.string<string>>>();
    const { text, state } = i.entity({ text: i.string(), state: i.string<'open' | 'done'>() }).attrs;
    expectTypeOf(text).toEqualTypeOf(i.string());
    expectTypeOf(state).toEqualTypeOf(i.string<'open' | 'done'>());
    expectTypeOf(i.string().unique().indexed().optional()).toExtend<{ required: false; isIndexed: true }>();
  });
});

test('init() takes every schema that core’s takes', () => {
  // biome-ignore lint/suspicious/noExplicitAny: core's own bound.
  expectTypeOf<AnySchema>().toEqualTypeOf<InstantSchemaDef<any, any, any>>();
});

describe('queries', () => {
  test('give what core’s give', async () => {
    expectTypeOf(await db.queryOnce(query)).toEqualTypeOf(await core.queryOnce(query));
    expectTypeOf(await dated.queryOnce(query)).toEqualTypeOf(await coreDated.queryOnce(query));
    expectTypeOf(await untyped.queryOnce({ any: {} })).toEqualTypeOf(
      await coreUntyped.queryOnce({ any: {} }),
    );
  });

  test('are typed by the schema: required and optional, one and many, dates', async () => {
    const [goal] = (await db.queryOnce(query)).data.goals;
    if (!goal) return;
    expectTypeOf(goal.title).toEqualTypeOf<string>();
    expectTypeOf(goal.state).toEqualTypeOf<'open' | 'done' | undefined>();
    expectTypeOf(goal.due).toEqualTypeOf<string | number | undefined>();
    expectTypeOf(goal.author).toEqualTypeOf<InstaQLEntity<typeof schema, 'authors'> | undefined>();
    const [datedGoal] = (await dated.queryOnce(query)).data.goals;
    expectTypeOf(datedGoal?.due).toEqualTypeOf<Date | undefined>();
    const [author] = (await db.queryOnce({ authors: { goals: {} } })).data.authors;
    expectTypeOf(author?.goals).toEqualTypeOf<InstaQLEntity<typeof schema, 'goals'>[] | undefined>();
  });

  test('refuse names and values that the schema does not have', () => {
    // @ts-expect-error No such entity.
    void db.queryOnce({ goal: {} });
    // @ts-expect-error No such link.
    void db.queryOnce({ goals: { authors: {} } });
    // @ts-expect-error No such attribute.
    void db.queryOnce({ goals: { $: { where: { name: 'x' } } } });
    // @ts-expect-error The attribute is not indexed.
    void db.queryOnce({ goals: { $: { order: { title: 'asc' } } } });
    // @ts-expect-error No such entity.
    db.subscribeQuery({ goal: {} }, () => {});
  });
});

describe('watch()', () => {
  test('yields what queryOnce() resolves with', async () => {
    const once = await db.queryOnce(query);
    for await (const result of db.watch(query)) {
      expectTypeOf(result.data).toEqualTypeOf(once.data);
      expectTypeOf(result.pageInfo).toEqualTypeOf(once.pageInfo);
      expectTypeOf(result).toEqualTypeOf<WatchedResult<typeof schema, typeof query, false>>();
    }
    for await (const { data } of dated.watch(query)) {
      expectTypeOf(data).toEqualTypeOf((await coreDated.queryOnce(query)).data);
    }
  });

  test('takes a signal and rule parameters', () => {
    db.watch(query, { signal: new AbortController().signal, ruleParams: { key: 'x' } });
    // @ts-expect-error No such option.
    db.watch(query, { timeout: 1 });
    // @ts-expect-error No such entity.
    db.watch({ goal: {} });
  });
});

describe('transactions', () => {
  test('are typed by the schema', () => {
    const [goal, author] = [db.tx.goals[id()], db.tx.authors[lookup('name', 'Ann')]];
    if (!goal || !author) return;
    void db.transact(goal.create({ title: 'Run', state: 'open', due: new Date() }));
    void db.transact([goal.update({ priority: 1 }), author.merge({ name: 'Ann' })]);
    void db.transact(goal.link({ author: id() }).unlink({ author: id() }));
    void db.transact(goal.delete());
    // @ts-expect-error The title is required.
    goal.create({ priority: 1 });
    // @ts-expect-error A number, not a text.
    goal.update({ priority: 'high' });
    // @ts-expect-error Not one of the texts.
    goal.update({ state: 'closed' });
    // @ts-expect-error No such attribute.
    goal.update({ name: 'Run' });
    // @ts-expect-error No such link.
    goal.link({ authors: id() });
    // @ts-expect-error No such entity.
    db.tx.goal;
  });
});

describe('rooms', () => {
  test('are typed by the schema, as core’s', () => {
    const room = db.joinRoom('chat', 'lobby', { initialPresence: { nickname: 'Ann' } });
    expectTypeOf(room).toEqualTypeOf(core.joinRoom('chat', 'lobby'));
    room.publishTopic('wave', { hand: 'left' });
    room.subscribeTopic('wave', ({ hand }) => expectTypeOf(hand).toEqualTypeOf<string>());
    room.subscribePresence({}, ({ peers }) => {
      for (const peer of Object.values(peers)) expectTypeOf(peer.nickname).toEqualTypeOf<string>();
    });
    // @ts-expect-error No such room.
    db.joinRoom('chats', 'lobby');
    // @ts-expect-error No such topic.
    room.publishTopic('waves', { hand: 'left' });
    // @ts-expect-error A text, not a number.
    room.publishTopic('wave', { hand: 1 });
    // @ts-expect-error No such presence.
    room.publishPresence({ name: 'Ann' });
  });
});

describe('the types that core names for a schema', () => {
  test('describe what a database of ours gives and takes', async () => {
    const { data } = await db.queryOnce(query);
    expectTypeOf(data).toEqualTypeOf<InstaQLResult<typeof schema, typeof query>>();
    expectTypeOf(query).toExtend<InstaQLParams<typeof schema>>();
    expectTypeOf<UpdateParams<typeof schema, 'goals'>>().toExtend<{ state?: 'open' | 'done' | null }>();
    expectTypeOf<PresenceOf<typeof schema, 'chat'>>().toExtend<{ nickname: string }>();
    expectTypeOf<TopicsOf<typeof schema, 'chat'>['wave']>().toEqualTypeOf<{ hand: string }>();
    const rules = { goals: { allow: { view: 'true' } } } satisfies InstantRules<typeof schema>;
    expectTypeOf(rules).toExtend<InstantRules<typeof schema>>();
  });

  test('select the fields that a query asks for', async () => {
    const { data } = await db.queryOnce({ goals: { $: { fields: ['title'] } } });
    expectTypeOf<keyof (typeof data.goals)[number]>().toEqualTypeOf<'id' | 'title'>();
  });

  test('go with a schema that is named as instant-cli writes it', async () => {
    type Written = typeof schema;
    interface AppSchema extends Written {}
    const named: AppSchema = schema;
    const opened = init({ appId, schema: named });
    expectTypeOf(opened).toEqualTypeOf<InstantNodeDatabase<AppSchema, false>>();
    const { data } = await opened.queryOnce({ goals: { author: {} } });
    expectTypeOf(data.goals[0]?.author?.name).toEqualTypeOf<string | undefined>();
    for await (const watched of opened.watch({ goals: {} })) {
      expectTypeOf(watched.data.goals[0]?.state).toEqualTypeOf<'open' | 'done' | undefined>();
    }
    // @ts-expect-error No such entity.
    void opened.queryOnce({ goal: {} });
  });
});

test('the written-out schema of the client tests has the types of an inferred one', () => {
  type Of<S> = S extends { entities: infer Entities } ? Entities : never;
  expectTypeOf<keyof Of<Schema>>().toEqualTypeOf<keyof Of<typeof schema>>();
});
