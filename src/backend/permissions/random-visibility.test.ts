import { expect, onTestFailed, test } from 'vitest';
import { random } from '../../../conformance/support/random.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { computationsOf, createTodoApp, type TodoApp } from '../testing/todos.ts';
import { guestOf } from './guest.fixture.ts';
import { Facts, type RandomRules, randomRules } from './random-rules.fixture.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
const APPS = Number(process.env.RUNS ?? 12);
const STEPS = 12;

const QUERIES: readonly JsonObject[] = [
  { todos: {} },
  { todos: { owner: {} } },
  { people: { todos: {} } },
  { todos: { $: { where: { 'owner.name': 'Ada' } }, owner: { todos: {} } } },
  { people: { $: { where: { 'todos.text': 'secret' } } } },
  {
    todos: {
      $: { limit: 3, order: { position: 'desc' } },
      owner: { $: { where: { name: { $not: 'Eve' } } } },
    },
  },
  { todos: { $: { where: { or: [{ text: 'open' }, { 'owner.todos.position': 3 }] } } } },
  { todos: { $: { where: { owner: { $isNull: true } }, fields: ['position'] } } },
];

type WireTriple = [e: string, a: string, v: JsonValue, t: number];

const backend = await backendForTests();

/** Somebody who watches every query, and has the latest answer to each. */
class Watcher {
  readonly userId: string | null;
  readonly #session: RawSession;
  readonly #answers = new Map<string, WireTriple[]>();
  #lastFault: unknown;

  private constructor(session: RawSession, userId: string | null) {
    this.#session = session;
    this.userId = userId;
  }

  static async start(todos: TodoApp, guest: { id: string; token: string } | undefined): Promise<Watcher> {
    const fields: JsonObject = guest ? { 'refresh-token': guest.token } : {};
    const watcher = new Watcher(await RawSession.init(backend, todos.app, fields), guest?.id ?? null);
    for (const q of QUERIES) watcher.#take(q, await watcher.#session.ask({ op: 'add-query', q }));
    return watcher;
  }

  /** Hears what was sent so far: an answer to something asked now comes after it. */
  async listen(): Promise<void> {
    await this.#session.ask({ op: 'remove-query', q: { nothing: {} } });
    while (this.#session.pending.length > 0) await this.#hear();
  }

  /** Hears more until `check` finds nothing: on a busy machine the queries of others are computed in several turns. */
  async until(check: () => void): Promise<void> {
    for (let isRight = false; !isRight; ) {
      try {
        check();
        isRight = true;
      } catch (error) {
        this.#lastFault = error;
        await this.#hear();
      }
    }
    this.#lastFault = undefined;
  }

  /** Why it hears on, if it does. */
  get lastFault(): unknown {
    return this.#lastFault;
  }

  async #hear(): Promise<void> {
    const message = await this.#session.next();
    expect(message.op).toBe('refresh-ok');
    for (const it of computationsOf(message)) this.#put(it['instaql-query'], it['instaql-result']);
  }

  answer(q: JsonObject): WireTriple[] {
    return this.#answers.get(canonicalJson(q)) ?? [];
  }

  close(): Promise<unknown> {
    return this.#session.close();
  }

  #take(q: JsonObject, answer: Message): void {
    expect(answer).toMatchObject({ op: 'add-query-ok' });
    this.#put(q, answer.result);
  }

  #put(q: JsonValue | undefined, result: JsonValue | undefined): void {
    const [{ data }] = result as unknown as [{ data: { 'datalog-result': { 'join-rows': WireTriple[][] } } }];
    this.#answers.set(canonicalJson(q), data['datalog-result']['join-rows'].flat());
  }
}

/** A random change of the data by somebody who may do everything. */
function randomSteps(todos: TodoApp, next: () => number, userIds: readonly string[]): JsonValue[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const facts = new Facts(todos.app.snapshot());
  const [allTodos, people] = [facts.entities('todos'), facts.entities('people')];
  const some = (list: readonly string[]): string =>
    list.length > 0 && next() < 0.7 ? pick(list) : crypto.randomUUID();
  const owner = todos.attr('todos', 'owner');
  switch (Math.floor(next() * 6)) {
    case 0:
    case 5:
      return todos.put('people', some(people), { name: pick(['Ada', 'Bob', 'Eve']) }) as JsonValue[];
    case 1:
      return allTodos.length > 6 ? [['delete-entity', pick(allTodos), 'todos']] : randomTodo();
    case 2:
      return allTodos.length && people.length
        ? [['add-triple', pick(allTodos), owner, pick(people)]]
        : randomTodo();
    case 3: {
      const linked = allTodos.find((todo) => facts.one('todos', 'owner', todo) !== null);
      return linked
        ? [['retract-triple', linked, owner, String(facts.one('todos', 'owner', linked))]]
        : randomTodo();
    }
    default:
      return randomTodo();
  }

  function randomTodo(): JsonValue[] {
    const text = pick(['open', 'secret', 'hidden', ...userIds]);
    return todos.put('todos', some(allTodos), { text, position: Math.floor(next() * 4) }) as JsonValue[];
  }
}

/** Whether somebody may be sent a triple, by rules that are written in TypeScript. */
function maySee(facts: Facts, rules: RandomRules, userId: string | null, [e, a]: WireTriple): boolean {
  const [etype, label] = facts.etypes.get(a) ?? ['', ''];
  if (etype === 'people') return rules.people.holds(facts, e, userId);
  if (etype !== 'todos' || !rules.todos.holds(facts, e, userId)) return false;
  return label !== 'text' || !rules.text || rules.text.holds(facts, e, userId);
}

function checkAnswers(todos: TodoApp, rules: RandomRules, watcher: Watcher): void {
  const facts = new Facts(todos.app.snapshot());
  for (const q of QUERIES) {
    const hidden = watcher.answer(q).filter((triple) => !maySee(facts, rules, watcher.userId, triple));
    expect({ q, rules: rules.code, hidden }).toEqual({ q, rules: rules.code, hidden: [] });
  }
  const all = facts.entities('todos').filter((e) => rules.todos.holds(facts, e, watcher.userId));
  const idAttr = todos.attr('todos', 'id');
  const sent = watcher.answer({ todos: {} }).flatMap(([e, a]) => (a === idAttr ? [e] : []));
  expect({ rules: rules.code, sent: sent.sort() }).toEqual({ rules: rules.code, sent: all.sort() });
}

async function runApp(next: () => number): Promise<void> {
  const todos = createTodoApp(backend);
  const guests = [await guestOf(backend, todos.app), await guestOf(backend, todos.app)];
  const userIds = guests.map((guest) => guest.id);
  const admin = await RawSession.init(backend, todos.app, { '__admin-token': todos.app.adminToken });
  let rules = randomRules(next);
  todos.app.setRules(rules.code);
  const watchers = await Promise.all([...guests, undefined].map((guest) => Watcher.start(todos, guest)));
  onTestFailed(() => {
    for (const { lastFault } of watchers) if (lastFault) console.error('Still waited for:', lastFault);
  });
  for (let step = 0; step < STEPS; step++) {
    if (next() < 0.15) {
      rules = randomRules(next);
      todos.app.setRules(rules.code);
    }
    const steps = randomSteps(todos, next, userIds);
    expect(await admin.ask({ op: 'transact', 'tx-steps': steps })).toMatchObject({ op: 'transact-ok' });
    for (const watcher of watchers) {
      await watcher.listen();
      await watcher.until(() => checkAnswers(todos, rules, watcher));
    }
  }
  for (const [i, watcher] of watchers.entries()) {
    const fresh = await Watcher.start(todos, guests[i]);
    await watcher.until(() => {
      for (const q of QUERIES) expect(sorted(watcher.answer(q))).toEqual(sorted(fresh.answer(q)));
    });
    await Promise.all([watcher.close(), fresh.close()]);
  }
  await admin.close();
}

function sorted(triples: readonly WireTriple[]): string[] {
  return triples.map(canonicalJson).sort();
}

test(`nobody is sent a triple of what he may not see, and all that he may (SEED=${seed})`, async () => {
  const next = random(seed);
  for (let app = 0; app < APPS; app++) await runApp(next);
});
