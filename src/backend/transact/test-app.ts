import { type Attr, etypeOf, labelOf, type Triple } from '../../protocol/attr.ts';
import { ServerError } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { type AppData, createAppData } from '../store/app-data.ts';
import type { Change } from '../store/undo-log.ts';
import { type TransactOptions, transact } from './index.ts';

/** A readable id: `uuid(7)` ends in 7. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** An app for tests of transactions: short ways to define, run and look. */
export class TestApp {
  readonly data: AppData = createAppData();
  now = 1000;
  #ids = 900_000;

  /** The wire form of an attribute `etype/label`; a `to` of `etype/label` makes it a link. */
  define(name: string, { to, ...flags }: Partial<Attr> & { to?: string } = {}): Attr {
    const ident = (of: string): [string, string, string] => {
      const [etype = '', label = ''] = of.split('/');
      return [this.#nextId(), etype, label];
    };
    return {
      id: this.#nextId(),
      'forward-identity': ident(name),
      'value-type': to ? 'ref' : 'blob',
      cardinality: 'one',
      'unique?': false,
      'index?': false,
      ...(to && { 'reverse-identity': ident(to) }),
      ...flags,
    } as Attr;
  }

  /** Defines and adds an attribute; its id is returned. */
  add(name: string, options: Partial<Attr> & { to?: string } = {}): string {
    const attr = this.define(name, options);
    this.run([['add-attr', attr]]);
    return attr.id;
  }

  /** The id of the attribute `etype/label`. */
  id(name: string): string {
    const attr = this.attr(name);
    if (!attr) throw new Error(`No attribute "${name}"`);
    return attr.id;
  }

  /** The attribute `etype/label`, if there is one. */
  attr(name: string): Attr | undefined {
    const [etype = '', label = ''] = name.split('/');
    return this.data.catalog.byForward(etype, label);
  }

  /** Runs steps, as an admin unless said otherwise. */
  run(steps: unknown, access: Partial<TransactOptions> = {}): Change[] {
    return transact(this.data, steps, { admin: true, now: this.now, newId: () => this.#nextId(), ...access });
  }

  /** Runs steps that have to be refused; nothing may have changed. */
  refusal(
    steps: unknown,
    access: Partial<TransactOptions> = {},
  ): Pick<ServerError, 'type' | 'message' | 'hint'> {
    const before = this.dump();
    const refused = this.#error(steps, access);
    const after = this.dump();
    if (JSON.stringify(before) !== JSON.stringify(after))
      throw new Error('A refused transaction changed something');
    return { type: refused.type, message: refused.message, hint: refused.hint };
  }

  /** What is stored under `etype/label`: entity and value, by entity. */
  values(name: string): [e: string, v: JsonValue][] {
    return [...this.data.triples.attr(this.id(name))]
      .map(([e, , v]): [string, JsonValue] => [e, v])
      .sort(byText);
  }

  /** Everything: attributes, deleted attributes and triples, in an order of their own. */
  dump(): { attrs: readonly Attr[]; deleted: Attr[]; triples: [name: string, Triple][] } {
    const { catalog, triples } = this.data;
    const deleted = [...catalog.deleted()].sort(byText);
    const all = [...catalog.list(), ...deleted].flatMap((attr) => [
      ...[...triples.attr(attr.id)].map((triple): [string, Triple] => [
        `${etypeOf(attr)}/${labelOf(attr)}`,
        triple,
      ]),
    ]);
    return { attrs: catalog.list(), deleted, triples: all.sort(byText) };
  }

  #error(steps: unknown, access: Partial<TransactOptions>): ServerError {
    try {
      this.run(steps, access);
    } catch (error) {
      if (error instanceof ServerError) return error;
      throw error;
    }
    throw new Error('The transaction went through');
  }

  #nextId(): string {
    this.#ids++;
    return uuid(this.#ids);
  }
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** An app with users, who have pals, and posts, which have an author. */
export function blog(): TestApp {
  const app = new TestApp();
  app.add('users/id', { 'unique?': true });
  app.add('users/name');
  app.add('users/email', { 'unique?': true, 'index?': true });
  app.add('users/pals', { to: 'users/palOf', cardinality: 'many' });
  app.add('posts/id', { 'unique?': true });
  app.add('posts/author', { to: 'users/posts' });
  return app;
}
