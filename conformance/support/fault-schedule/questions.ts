import { deepStrictEqual } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import type { InstantNodeDatabase } from '@instantdb/node';
import type { Schema } from '../schema.ts';

/** A goal, as it is answered. */
export interface Goal {
  id: string;
  title: string;
  priority?: number;
  details?: unknown;
}

interface Followed {
  readonly query: object;
  goals: readonly Goal[] | undefined;
  error: unknown;
  stop(): void;
}

/** The live queries of one client, and what it asks once. */
export class Questions {
  readonly #db: InstantNodeDatabase<Schema>;
  readonly #followed: Followed[] = [];
  readonly #asked: Promise<unknown>[] = [];

  constructor(db: InstantNodeDatabase<Schema>) {
    this.#db = db;
    this.#follow({ goals: {} });
  }

  /** Follows one more query, of a few that there are. */
  follow(n: number): void {
    this.#follow({ goals: { $: { where: { priority: { $gt: n % 4 } } } } });
  }

  /** Stops following one, but never the first. */
  unfollow(n: number): void {
    if (this.#followed.length === 1) return;
    const [left] = this.#followed.splice(1 + (n % (this.#followed.length - 1)), 1);
    left?.stop();
  }

  /** Asks once. Whoever asks may be told that there was no answer in time, and nothing else. */
  ask(n: number): void {
    const query = { goals: { $: { where: { priority: n % 10 } } } };
    this.#asked.push(this.#db.queryOnce(query).catch((error: Error) => refuseOthers(error)));
  }

  /** Resolves once everything that was asked once is answered. */
  async answered(): Promise<void> {
    await Promise.all(this.#asked);
  }

  /** Whether each answer is that of `ask`. */
  async agrees(ask: (query: object) => Promise<readonly Goal[]>): Promise<boolean> {
    for (const { query, goals } of this.#followed) {
      if (!goals || !isDeepStrictEqual(sorted(goals), sorted(await ask(query)))) return false;
    }
    return true;
  }

  /** The same, failing with what differs. */
  async check(ask: (query: object) => Promise<readonly Goal[]>): Promise<void> {
    for (const { query, goals, error } of this.#followed) {
      deepStrictEqual(error, undefined, `${JSON.stringify(query)} was refused`);
      deepStrictEqual(
        sorted(goals ?? []),
        sorted(await ask(query)),
        `the answer to ${JSON.stringify(query)}`,
      );
    }
  }

  #follow(query: object): void {
    const followed: Followed = { query, goals: undefined, error: undefined, stop: () => {} };
    this.#followed.push(followed);
    followed.stop = this.#db.subscribeQuery(query as { goals: object }, ({ data, error }) => {
      if (error) followed.error = error;
      else followed.goals = data?.goals as readonly Goal[] | undefined;
    });
  }
}

function refuseOthers(error: Error): void {
  if (!/timed out/i.test(error.message)) throw error;
}

function sorted(goals: readonly Goal[]): Goal[] {
  return [...goals].sort((a, b) => (a.id < b.id ? -1 : 1));
}
