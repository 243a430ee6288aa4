import { type Reactor, weakHash } from '@instantdb/core';
import type { CoreConfig } from './config/node-config.ts';
import { type CoreParts, DiscreetReactor } from './discreet-reactor.ts';
import type { Stores } from './engine/store.ts';
import { soundPartOf } from './messages/sound-part.ts';
import { changeInPlace } from './persistence/change-in-place.ts';
import { evaluatedAnswer, type Result } from './queries/evaluated-answer.ts';
import { type Answer, LiveAnswers } from './queries/live-answers.ts';
import { withPrintableClauses } from './queries/printable-clauses.ts';
import { noWritesError } from './refusals/no-writes.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { linkIndexOf, withOwnNames } from './schema/own-names.ts';
import { mendSyncTables } from './sync-tables/mend-sync-tables.ts';
import { type AuthState, CurrentUser } from './users/current-user.ts';
import { assertSendable } from './values/sendable.ts';
import { whyUnusable } from './values/usable-names.ts';

type Callback = (...values: never[]) => void;
type User = Parameters<Reactor['changeCurrentUser']>[0];

/**
 * Core's reactor, to which values of users are nothing but values: none that JSON can hold takes part in what happens.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class QueryReactor<Schema extends AnySchema> extends DiscreetReactor<Schema> {
  protected readonly answers: LiveAnswers = new LiveAnswers({
    subscribed: () => Object.keys(this.queryCbs),
    subscribers: (hash) => this.queryCbs[hash] ?? [],
    askers: (hash) => this.queryOnceDfds[hash] ?? [],
    told: (hash) => this.#told[hash],
    noteTold: (hash, answer) => {
      this.#told[hash] = answer;
    },
    evaluate: (hash) => this.dataForQuery(hash),
    isAwaited: (hash) => this._hasQueryListeners(hash),
    tellError: (hash, error) => this.notifyQueryError(hash, error),
    complete: (q, hash, dfd) => this._completeQueryOnce(q, hash, dfd),
    report: (error) => this.report(error),
  });
  readonly #user: CurrentUser = new CurrentUser({
    known: () => this._currentUserCached as AuthState,
    current: () => this.getCurrentUser() as Promise<AuthState>,
    listen: (tell) => {
      this.authCbs.push(tell);
      return () => {
        this.authCbs = this.authCbs.filter((one) => one !== tell);
      };
    },
    save: (user) => {
      this._frameworkClient = null;
      return this.setCurrentUser(user as User);
    },
    adopt: (user) => this.updateUser(user as User),
    flush: () => this.kv.flush(),
    sessionAnswered: () => this.sessionAnswered(),
  });

  protected abstract sessionAnswered(): Promise<void>;

  constructor({ core, ...parts }: CoreParts) {
    // Core's index of a schema's links is written into `Object` itself for some names.
    super({ ...parts, core: { ...core, schema: undefined } as CoreConfig });
    this.#setSchema(core.schema);
    const { subs } = this._syncTable as unknown as { subs: object };
    for (const saved of [this.kv, this.querySubs, subs]) changeInPlace(saved);
    mendSyncTables(this._syncTable);
    const { pushTx } = this;
    this.pushTx = (chunks) => {
      const problem = whyUnusable(chunks);
      // As the server refuses it, which core does by its words alone.
      if (this._appStatusState.isReadOnly) return Promise.reject(noWritesError(this._appStatusState.status));
      return problem ? this.pushOps([], problem) : pushTx(chunks);
    };
  }

  override updateSchema(schema: unknown): void {
    super.updateSchema(undefined);
    this.#setSchema(schema);
    this.config.cardinalityInference = Boolean(schema);
  }

  override subscribeQuery(given: unknown, callback: Callback, options?: unknown): () => void {
    const { ruleParams } = Object(options) as { ruleParams?: unknown };
    assertSendable(given, ruleParams);
    const query = withPrintableClauses(given);
    const unsubscribe = super.subscribeQuery(query, callback, options);
    const q = ruleParams === undefined ? query : { $$ruleParams: ruleParams, ...(query as object) };
    const error = this.answers.failureOf(weakHash(q));
    if (error) (callback as (answer: object) => void)({ error });
    return unsubscribe;
  }

  override subscribeTable(query: unknown, callback: Callback): ReturnType<Reactor['subscribeTable']> {
    assertSendable(query);
    return super.subscribeTable(query, callback);
  }

  // As core's, with an engine that knows a page or a count by its own name alone.
  override dataForQuery(hash: string): object | undefined {
    const { q, result } = this.querySubs.currentValue[hash] ?? {};
    return evaluatedAnswer({
      refusal: this._errorMessage,
      q,
      result: this.kv.currentValue.pendingMutations && (result as Result | undefined),
      versions: {
        querySubVersion: this.querySubs.version(),
        pendingMutationsVersion: this.kv.version(),
      },
      last: this.#told[hash],
      withPending: ({ store, attrsStore, processedTxId }) => {
        const mutations = this._rewriteMutationsSorted(attrsStore, this._pendingMutations());
        return this._applyOptimisticUpdates(store, attrsStore, mutations, processedTxId) as Stores;
      },
    });
  }

  get #told(): Record<string, Answer> {
    return this._dataForQueryCache;
  }

  // Core lets what one query throws out of a promise that nobody waits for, which ends the process.
  override notifyOne = (hash: string): void => this.answers.tell(hash);
  override notifyOneQueryOnce = (hash: string): void => this.answers.tellOnce(hash);
  override getPreviousResult = (q: unknown): unknown => this.answers.present(weakHash(q));
  override notifyAll(): void {
    for (const hash of this.answers.awaited()) {
      const tell = (): void => this.answers.tell(hash);
      this.querySubs.waitForKeyToLoad(hash).then(tell, tell);
    }
  }

  override _cleanupQuery(q: unknown, hash: string): void {
    super._cleanupQuery(q, hash);
    if (!this._hasQueryListeners(hash)) this.answers.forget(hash);
  }

  // Core compares users by calling a method of theirs.
  override subscribeAuth(callback: Callback): () => void {
    return this.#user.subscribe(callback as (auth: unknown) => void);
  }

  override updateUser(user: User): Promise<void> {
    this.answers.forgetAll();
    return super.updateUser(user);
  }

  // Core closes the connection and connects again in a while.
  override changeCurrentUser(user: User): Promise<void> {
    return this.#user.change(user);
  }

  protected soundPartOf(message: unknown): ({ op: string } & Record<string, unknown>) | undefined {
    return soundPartOf(message, {
      holdsDates: () => this.#dates(),
      unanswered: (q) => this.answers.fail(weakHash(q)),
      report: (error) => this.report(error),
    });
  }

  /** Which attributes hold dates that core makes objects of; nothing where it makes none. */
  #dates(): ((attrId: string) => boolean) | undefined {
    if (!this.config.useDateObjects) return undefined;
    return (attrId) => this.attrs?.getAttr(attrId)?.['checked-data-type'] === 'date';
  }

  #setSchema(schema: unknown): void {
    const own = withOwnNames(schema as Schema | undefined);
    this.config.schema = own;
    this._linkIndex = linkIndexOf(own) as never;
  }
}
