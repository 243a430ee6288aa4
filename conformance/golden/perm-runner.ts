import { type Actor, ADMIN, type AuthUser } from '../../src/backend/actor.ts';
import { snapshotOf } from '../../src/backend/data-set.ts';
import { Permissions, TransactionChecks } from '../../src/backend/permissions/index.ts';
import { joinRowsResult, objectTree, type QuerySource, runQuery } from '../../src/backend/query/index.ts';
import { ServerError } from '../../src/protocol/error.ts';
import type { NamedAnswer, QueryExpectation } from './compare-answer.ts';
import { type GoldenCase, type OpenCase, openCase } from './fixture.ts';
import type { ErrorExpectation, TxExpectation, TxQueryExpectation, WireError } from './tx-expectations.ts';

/** A query after a transaction, with rules of its own where they have changed. */
export type PermQueryExpectation = TxQueryExpectation & {
  rules?: unknown;
  entities?: QueryExpectation['entities'];
};

/** One step of a case, or all of it. */
export interface PermStep {
  action: string;
  auth: GoldenCase['auth'];
  steps?: unknown;
  query?: unknown;
  expect: Omit<TxExpectation, 'queries'> &
    QueryExpectation & {
      allowed?: boolean;
      error?: ErrorExpectation;
      queries?: PermQueryExpectation[];
      ruleErrors?: 'some' | { message: string; in: string[] }[];
      result?: unknown;
      compiles?: boolean;
      compileError?: ErrorExpectation;
    };
}

/** A case of `perm-cases.json`. */
export interface PermCase extends GoldenCase, Omit<PermStep, 'auth' | 'steps'> {
  rules?: unknown;
  sequence?: PermStep[];
  /** How the source reaches the backend, where it does not call its functions. */
  via?: string;
  code?: string;
  ruleAction?: string;
  bindings?: Record<string, unknown>;
  requestTime?: string;
}

/** The time at which the cases run; nothing they say depends on it. */
const NOW = Date.UTC(2025, 0, 1);

/** A user without id is somebody of whom rules are told other things. */
const SOMEBODY = '00000000-0000-4000-8000-00000000abcd';

/** The app of a case with its rules in force, as one of the backend's sessions would see it. */
export class RuledCase {
  readonly opened: OpenCase;
  readonly #permissions = new Permissions({ now: () => NOW });

  constructor(folder: string, testCase: PermCase) {
    this.opened = openCase(folder, testCase);
    if (testCase.rules !== undefined) this.setRules(testCase.rules);
  }

  setRules(rules: unknown): void {
    this.#permissions.push(rules);
  }

  /** Runs the steps of a transaction; what it is refused with, where it is. */
  refusal({ steps, auth }: Pick<PermStep, 'steps' | 'auth'>): WireError | undefined {
    const { data } = this.opened;
    const actor = this.#actor(auth);
    const run = this.#permissions.run(this.#source, actor);
    const guard = actor.admin ? undefined : new TransactionChecks(data, run);
    const wireSteps = this.opened.toIds(withoutEmptyParams(steps));
    return refusalOf(() => this.opened.transact(wireSteps, { admin: actor.admin, guard }));
  }

  /** The answer to a query, or what it is refused with. */
  answer({ query, auth }: Pick<PermStep, 'query' | 'auth'>): NamedAnswer | WireError {
    let answer: NamedAnswer | undefined;
    const error = refusalOf(() => {
      answer = this.#answer(query, this.#actor(auth));
    });
    if (error) return error;
    if (!answer) throw new Error('A query came to nothing');
    return answer;
  }

  /** All that is stored. */
  everything(): unknown {
    return snapshotOf(this.opened.data);
  }

  get #source(): QuerySource {
    return { catalog: this.opened.data.catalog, reader: this.opened.data.triples };
  }

  #answer(query: unknown, actor: Actor): NamedAnswer {
    const filter = this.#permissions.filterFor(this.#source, actor);
    const fileUrl = (location: string): string => `http://files.test/${location}`;
    const { admin } = actor;
    const outcome = runQuery(this.#source, this.opened.toIds(query), { admin, fileUrl, filter });
    const [{ data }] = joinRowsResult(outcome);
    const [triples] = data['datalog-result']['join-rows'];
    return {
      triples: triples.map((triple) => this.opened.nameTriple(triple)),
      tree: this.opened.toNames(objectTree(outcome, { inference: false })),
      pageInfo: this.#namePageInfo(outcome.pageInfo),
    };
  }

  #namePageInfo(pageInfo: object): NamedAnswer['pageInfo'] {
    const named = this.opened.toNames(pageInfo) as NamedAnswer['pageInfo'];
    const { catalog } = this.opened.data;
    const names = new Map(
      catalog.list().map((attr) => [attr.id, attr['forward-identity'].slice(1).join('/')]),
    );
    for (const info of Object.values(named)) {
      for (const cursor of Object.values(info)) {
        if (Array.isArray(cursor)) cursor[1] = names.get(cursor[1]) ?? cursor[1];
      }
    }
    return named;
  }

  #actor(auth: GoldenCase['auth'] | undefined): Actor {
    if (auth?.admin) return ADMIN;
    const user = this.opened.toIds(auth?.user ?? null) as Record<string, unknown> | null;
    const known = user && user.id !== null ? ({ id: SOMEBODY, ...user } as AuthUser) : null;
    return { admin: false, user: known, ip: null, origin: null };
  }
}

/** Some sources hand null to the rules of an entity, below the validation that asks for an object. */
function withoutEmptyParams(steps: unknown): unknown {
  if (!Array.isArray(steps)) return steps;
  return steps.filter((step: unknown[]) => !(step[0] === 'rule-params' && step.at(-1) === null));
}

/** What `work` is refused with, where it is. */
export function refusalOf(work: () => void): WireError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return { type: error.type, message: error.message, hint: error.hint };
  }
}
