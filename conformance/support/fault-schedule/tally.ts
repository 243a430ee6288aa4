import { deepStrictEqual } from 'node:assert';
import { type InstantNodeDatabase, id } from '@instantdb/node';
import { goal, type Schema } from '../schema.ts';

/**
 * What became of the writes of one client. Each write creates an entity, which the server refuses the second time, and
 * changes the one before it, which it refuses while that is not there: a write that is lost, applied twice, or applied
 * before its turn shows as one that was refused.
 */
export class Tally {
  readonly #db: InstantNodeDatabase<Schema>;
  readonly #name: string;
  readonly #ids: string[] = [];
  readonly #settled: Promise<void>[] = [];
  /** What promises were rejected with, and what was told later. */
  readonly #rejections: string[] = [];
  readonly #later: { eventId: string; message: string }[] = [];
  readonly #enqueued: Set<string> = new Set();
  #bad = 0;

  constructor(db: InstantNodeDatabase<Schema>, name: string) {
    this.#db = db;
    this.#name = name;
    db.subscribeTransactionErrors(({ eventId, message }) => this.#later.push({ eventId, message }));
  }

  /** The ids of what was written and is to be there. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  /** Writes the next one. */
  write(): void {
    const entity = id();
    const before = this.#ids.at(-1);
    const order = this.#ids.push(entity);
    const create = goal(entity).create({ title: this.#name, priority: order });
    const follow = before && goal(before).update({ details: { next: entity } }, { upsert: false });
    this.#follow(this.#db.transact(follow ? [create, follow] : [create]));
  }

  /** Writes what the server refuses. */
  writeBad(): void {
    this.#bad++;
    this.#follow(this.#db.transact(goal(id()).update({ title: `bad ${this.#name}` }, { upsert: false })));
  }

  /** Resolves once every promise has settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#settled);
  }

  /** Whether each write has come to an end. */
  get isComplete(): boolean {
    return this.#db.pendingTransactions().length === 0;
  }

  /** Compares what became of the writes with what is there. */
  check(goals: readonly { id: string; title: string; priority?: number; details?: unknown }[]): void {
    const mine = goals
      .filter(({ title }) => title === this.#name)
      .sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
      .map(({ id, title, priority, details }) => ({ id, title, priority, ...(details ? { details } : {}) }));
    const wanted = this.#ids.map((entity, index) => {
      const next = this.#ids[index + 1];
      return { id: entity, title: this.#name, priority: index + 1, ...(next && { details: { next } }) };
    });
    deepStrictEqual(mine, wanted, `${this.#name}: what is there is not what was written`);
    const refused = [...this.#rejections, ...this.#later.map(({ message }) => message)];
    deepStrictEqual(
      refused.length,
      this.#bad,
      `${this.#name}: refused, of ${this.#bad}: ${refused.join('; ')}`,
    );
    const told = this.#later.map(({ eventId }) => eventId);
    deepStrictEqual(new Set(told).size, told.length, `${this.#name}: told twice`);
    const strays = told.filter((eventId) => !this.#enqueued.has(eventId));
    deepStrictEqual(strays, [], `${this.#name}: refused later, though not enqueued`);
  }

  #follow(promise: ReturnType<InstantNodeDatabase<Schema>['transact']>): void {
    this.#settled.push(
      promise.then(
        (result) => {
          if (result.status === 'enqueued' && 'eventId' in result) this.#enqueued.add(String(result.eventId));
        },
        ({ message }: Error) => void this.#rejections.push(message),
      ),
    );
  }
}
