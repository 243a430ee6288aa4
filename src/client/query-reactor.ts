import { type Reactor, weakHash } from '@instantdb/core';
import { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';
import type { CoreConfig } from './config/node-config.ts';
import { type CoreParts, DiscreetReactor } from './discreet-reactor.ts';
import { evaluate } from './engine/evaluate.ts';
import type { Stores } from './engine/store.ts';
import { malformation } from './messages/malformation.ts';
import { mend } from './messages/mend.ts';
import { changeInPlace } from './persistence/change-in-place.ts';
import { LiveAnswers, type QueryHost } from './queries/live-answers.ts';
import { withPrintableClauses } from './queries/printable-clauses.ts';
import { refusalError } from './refusals/server-refusal.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { linkIndexOf, withOwnNames } from './schema/own-names.ts';
import { mendSyncTables } from './sync-tables/mend-sync-tables.ts';
import { sameValue } from './values/same-value.ts';
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
  protected readonly answers: LiveAnswers = new LiveAnswers(this as unknown as QueryHost);

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
      if (this._appStatusState.isReadOnly) return Promise.reject(this.#noWrites());
      return problem ? this.pushOps([], problem) : pushTx(chunks);
    };
  }

  abstract report(error: InstantNodeError): void;

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
  override dataForQuery(hash: string, applyOptimistic: boolean = true): object | undefined {
    if (this._errorMessage) return { error: this._errorMessage };
    const { q, result } = this.querySubs.currentValue[hash] ?? {};
    if (!result || !this.kv.currentValue.pendingMutations) return undefined;
    const querySubVersion = this.querySubs.version();
    const pendingMutationsVersion = this.kv.version();
    const cached = (this._dataForQueryCache as Record<string, Record<string, unknown>>)[hash];
    if (
      cached?.querySubVersion === querySubVersion &&
      cached.pendingMutationsVersion === pendingMutationsVersion
    ) {
      return cached;
    }
    const { store, attrsStore, processedTxId } = result;
    const mutations = this._rewriteMutationsSorted(attrsStore, this._pendingMutations());
    const stores = applyOptimistic
      ? this._applyOptimisticUpdates(store, attrsStore, mutations, processedTxId)
      : { store, attrsStore };
    const data = evaluate(q as object, { ...result, ...(stores as Stores) });
    return { data, querySubVersion, pendingMutationsVersion };
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
    const tell = callback as (auth: unknown) => void;
    this.authCbs.push(tell);
    const before = this._currentUserCached;
    if (!before.isLoading) tell(before);
    let isOver = false;
    void this.getCurrentUser().then((now) => {
      if (!isOver && !sameValue(now, before)) tell(now);
    });
    return () => {
      isOver = true;
      this.authCbs = this.authCbs.filter((one) => one !== tell);
    };
  }

  override updateUser(user: User): Promise<void> {
    this.answers.forgetAll();
    return super.updateUser(user);
  }

  override async changeCurrentUser(user: User): Promise<void> {
    const { user: before } = await this.getCurrentUser();
    if (sameValue(before, user)) return;
    this._frameworkClient = null;
    await this.setCurrentUser(user);
    await this.updateUser(user);
    await this.kv.flush();
  }

  /** What core can take of a message of the server. The rest is told of once, and is left out. */
  protected soundPartOf(message: unknown): Record<string, unknown> | undefined {
    const mended = isObject(message) ? mend(message, this.#dates()) : undefined;
    const problem = malformation(mended?.message ?? message);
    for (const what of [mended?.problem, problem]) {
      if (what) this.report(new InstantNodeError('protocol', `Ignored what the server sent: ${what}`));
    }
    for (const q of mended?.unanswered ?? []) this.answers.fail(weakHash(q));
    return problem ? undefined : mended?.message;
  }

  /** Which attributes hold dates that core makes objects of; nothing where it makes none. */
  #dates(): ((attrId: string) => boolean) | undefined {
    if (!this.config.useDateObjects) return undefined;
    return (attrId) => this.attrs?.getAttr(attrId)?.['checked-data-type'] === 'date';
  }

  #noWrites(): Error {
    const isDisabled = this._appStatusState.status === 'disabled';
    return refusalError({
      type: isDisabled ? 'app-disabled' : 'app-read-only',
      status: 400,
      message: isDisabled ? 'This app is currently disabled.' : 'This app is in read-only mode.',
      hint: { status: isDisabled ? 'disabled' : 'read-only' },
    });
  }

  #setSchema(schema: unknown): void {
    const own = withOwnNames(schema as Schema | undefined);
    this.config.schema = own;
    this._linkIndex = linkIndexOf(own) as never;
  }
}
