import type { JsonObject } from '../../protocol/json.ts';
import type { DataSet } from '../app/data-set.ts';

/** The stored values of an app, by label. Independent of the backend's store, in order to check it. */
export class Facts {
  readonly #values = new Map<string, unknown[]>();
  readonly etypes: ReadonlyMap<string, readonly [etype: string, label: string]>;

  constructor({ attrs, triples }: DataSet) {
    this.etypes = new Map(
      attrs.map((attr) => [attr.id, [attr['forward-identity'][1], attr['forward-identity'][2]] as const]),
    );
    for (const [e, a, v] of triples) {
      const [etype, label] = this.etypes.get(a) ?? ['', ''];
      const key = `${etype} ${label} ${e}`;
      this.#values.set(key, [...(this.#values.get(key) ?? []), v]);
    }
  }

  all(etype: string, label: string, e: unknown): unknown[] {
    return this.#values.get(`${etype} ${label} ${e}`) ?? [];
  }

  one(etype: string, label: string, e: unknown): unknown {
    return this.all(etype, label, e)[0] ?? null;
  }

  /** The entities with an id in a namespace. */
  entities(etype: string): string[] {
    return [...this.#values.keys()].flatMap((key) => {
      const [at, label, e = ''] = key.split(' ');
      return at === etype && label === 'id' ? [e] : [];
    });
  }
}

/** A rule for todos or people, in CEL and its equivalent in TypeScript. */
export interface RulePair {
  readonly cel: string;
  holds(facts: Facts, e: string, userId: string | null): boolean;
}

/** Rules for `todos`. */
const TODO_RULES: readonly RulePair[] = [
  { cel: 'true', holds: () => true },
  { cel: 'false', holds: () => false },
  { cel: 'data.position >= 2', holds: (facts, e) => Number(facts.one('todos', 'position', e)) >= 2 },
  {
    cel: "data.text == 'open' || data.owner == null",
    holds: (facts, e) => facts.one('todos', 'text', e) === 'open' || facts.one('todos', 'owner', e) === null,
  },
  {
    cel: "'Ada' in data.ref('owner.name')",
    holds: (facts, e) => facts.all('people', 'name', facts.one('todos', 'owner', e)).includes('Ada'),
  },
  {
    cel: 'auth.id != null && data.text == auth.id',
    holds: (facts, e, userId) => userId !== null && facts.one('todos', 'text', e) === userId,
  },
  {
    cel: "size(data.ref('owner.todos.id')) > 1",
    holds: (facts, e) => siblings(facts, facts.one('todos', 'owner', e)).length > 1,
  },
  {
    cel: "isLow && !(data.text in ['secret', 'hidden'])",
    holds: (facts, e) =>
      Number(facts.one('todos', 'position', e)) < 2 &&
      !['secret', 'hidden'].includes(String(facts.one('todos', 'text', e))),
  },
];

/** Rules for `people`. */
const PEOPLE_RULES: readonly RulePair[] = [
  { cel: 'true', holds: () => true },
  { cel: 'false', holds: () => false },
  { cel: "data.name != 'Bob'", holds: (facts, e) => facts.one('people', 'name', e) !== 'Bob' },
  { cel: "size(data.ref('todos.id')) <= 1", holds: (facts, e) => siblings(facts, e).length <= 1 },
  {
    cel: "auth.id in data.ref('todos.text')",
    holds: (facts, e, userId) =>
      userId !== null && siblings(facts, e).some((todo) => facts.one('todos', 'text', todo) === userId),
  },
];

function siblings(facts: Facts, owner: unknown): string[] {
  if (owner === null) return [];
  return facts.entities('todos').filter((todo) => facts.one('todos', 'owner', todo) === owner);
}

/** Random rules of an app: one for each namespace, and one for a field of each todo. */
export interface RandomRules {
  readonly todos: RulePair;
  readonly people: RulePair;
  readonly text: RulePair | undefined;
  readonly code: JsonObject;
}

export function randomRules(next: () => number): RandomRules {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const [todos, people] = [pick(TODO_RULES), pick(PEOPLE_RULES)];
  const text = next() < 0.3 ? pick(TODO_RULES) : undefined;
  const code: JsonObject = {
    todos: {
      bind: { isLow: 'data.position == null || data.position < 2' },
      allow: { view: todos.cel },
      ...(text && { fields: { text: text.cel } }),
    },
    people: { allow: { view: people.cel } },
  };
  return { todos, people, text, code };
}
