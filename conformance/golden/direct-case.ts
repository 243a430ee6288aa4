import { snapshotOf } from '../../src/backend/app/data-set.ts';
import { type Actor, ADMIN, type AuthUser, VISITOR } from '../../src/backend/permissions/actor.ts';
import { Permissions, TransactionChecks } from '../../src/backend/permissions/index.ts';
import { joinRowsResult, objectTree, runQuery } from '../../src/backend/query/index.ts';
import { labelOf } from '../../src/protocol/attr.ts';
import { ServerError } from '../../src/protocol/error.ts';
import type { JsonValue } from '../../src/protocol/json.ts';
import { runInCore } from '../core-engine.ts';
import type { TxCase } from './cases.ts';
import { type GoldenCase, type NamedTriple, type OpenCase, openCase } from './fixture.ts';
import { isGrammarRefusal } from './raw-steps.ts';
import { errorDifferences, type WireAttr, type WireError } from './tx-expectations.ts';
import { type CaseApp, errorOf } from './tx-run.ts';

type Auth = GoldenCase['auth'];

/** The app of one transaction case, reached by calls: no sockets, no server. */
export class DirectCase implements CaseApp {
  readonly opened: OpenCase;
  readonly #case: TxCase;
  readonly #permissions = new Permissions({ now: () => 0, appId: () => 'app' });
  #isBelowGrammar = false;

  constructor(folder: string, testCase: TxCase) {
    this.opened = openCase(folder, testCase);
    this.#case = testCase;
    this.#permissions.push(testCase.rules ?? null);
  }

  /** Whether the source calls its transactions with steps that no client can send; known when they have run. */
  get isBelowGrammar(): boolean {
    return this.opened.setupIsBelowGrammar || this.#isBelowGrammar;
  }

  async signIn(): Promise<void> {}

  async refusal(steps: unknown, auth: Auth): Promise<WireError | undefined> {
    const error = this.#refusal(() => this.opened.transact(this.opened.stepsOf(steps), this.#access(auth)));
    if (!error || this.#case.via !== 'raw' || !isGrammarRefusal(error)) return error;
    const { expect } = this.#case;
    const isExpected = expect.error && errorDifferences(error, errorOf(this.opened, this.#case)).length === 0;
    if (isExpected) return error;
    this.#isBelowGrammar = true;
    return this.#refusal(() => this.opened.transactRaw(this.opened.stepsOf(steps), this.#access(auth)));
  }

  async answer(query: unknown, { auth, layer }: { auth: Auth; layer?: string | undefined }) {
    const q = this.opened.toIds(query);
    const { catalog } = this.opened.data;
    const actor = this.#actor(auth);
    const filter = this.#permissions.filterFor(this.#source, actor);
    const outcome = runQuery(this.#source, q, { admin: actor.admin, filter });
    if (layer !== 'client') return { tree: this.opened.toNames(objectTree(outcome, { inference: false })) };
    const [{ data }] = joinRowsResult(outcome);
    const [triples] = data['datalog-result']['join-rows'];
    return { tree: this.opened.toNames(runInCore(catalog.list(), triples, q, data['page-info'])) };
  }

  async setRules(rules: unknown): Promise<WireError | undefined> {
    return this.#refusal(() => this.#permissions.push(rules));
  }

  async stored(): Promise<{ attrs: WireAttr[]; triples: NamedTriple[] }> {
    const { catalog, triples } = this.opened.data;
    return {
      attrs: catalog.list() as unknown as WireAttr[],
      triples: catalog
        .list()
        .flatMap((attr) => [...triples.attr(attr.id)].map((triple) => this.opened.nameTriple(triple))),
    };
  }

  everything(): unknown {
    return snapshotOf(this.opened.data);
  }

  get #source() {
    const { catalog, triples: reader } = this.opened.data;
    return { catalog, reader };
  }

  #access(auth: Auth) {
    const actor = this.#actor(auth);
    if (actor.admin) return { admin: true };
    const run = this.#permissions.run(this.#source, actor);
    return { admin: false, guard: new TransactionChecks(this.opened.data, run) };
  }

  #actor(auth: Auth): Actor {
    if (auth?.admin) return ADMIN;
    const user = this.opened.toIds(auth?.user) as AuthUser | undefined;
    return user ? { ...VISITOR, user: { ...this.#stored(user.id), ...user } } : VISITOR;
  }

  /** What the app knows of a user. */
  #stored(id: string): Record<string, JsonValue> {
    const { catalog, triples } = this.opened.data;
    const attrs = [...catalog.ofEtype('$users')].filter((attr) => attr['value-type'] === 'blob');
    return Object.fromEntries(
      attrs.flatMap((attr) => triples.entityAttr(id, attr.id).map(([, , v]) => [labelOf(attr), v])),
    );
  }

  #refusal(work: () => void): (WireError & Error) | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      return error;
    }
  }
}

/** Why a transaction case cannot hold over the wire; undefined when it can. */
export async function belowGrammar(folder: string, testCase: TxCase): Promise<string | undefined> {
  if (testCase.via !== 'raw') return undefined;
  try {
    const app = new DirectCase(folder, testCase);
    await app.refusal(testCase.steps, { admin: true });
    return app.isBelowGrammar ? 'the grammar of the wire refuses its steps' : undefined;
  } catch {
    // Whatever is wrong with it, the test that runs it says so.
    return undefined;
  }
}
