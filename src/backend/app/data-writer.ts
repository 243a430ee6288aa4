import type { Account } from '../ephemeral/quota.ts';
import { assertWithinQuota, withinQuota } from '../ephemeral/within-quota.ts';
import type { Actor } from '../permissions/actor.ts';
import {
  type Rehearsal,
  type RuledData,
  type Rules,
  rehearse,
  TransactionChecks,
} from '../permissions/index.ts';
import type { QuerySource } from '../query/index.ts';
import type { Change } from '../store/undo-log.ts';
import { dropExpiredAttrs } from '../transact/expired-attrs.ts';
import { transact } from '../transact/index.ts';
import type { AppHost } from './app-host.ts';
import { CreationClock } from './creation-clock.ts';
import type { DataSet } from './data-set.ts';
import { replaceContent } from './replace-content.ts';

/** A transaction, and the actor it runs for. */
export interface TransactRequest {
  /** The steps as a client sent them. */
  readonly steps: unknown;
  readonly actor: Actor;
  /**
   * Whether the backend itself writes: no rules apply then, and it may write columns that are closed to everyone else.
   */
  readonly system?: boolean;
  /** Whether it runs regardless of the app's status: a sign-out always works. */
  readonly inAnyStatus?: boolean;
  readonly clientEventId?: unknown;
}

/** A transaction to try out on behalf of an actor who is not an admin. */
export interface TrialRequest extends Pick<TransactRequest, 'steps' | 'actor'> {
  readonly rules?: Rules | undefined;
  readonly commit?: boolean;
}

/** Content to load unchanged. */
export interface LoadedContent {
  readonly attrs: readonly DataSet['attrs'][number][];
  readonly triples: Iterable<DataSet['triples'][number]>;
}

/** Changes the data of an app, subject to its rules and quota. Each call is one transaction, or none. */
export class DataWriter {
  readonly #app: RuledData;
  readonly #host: Pick<AppHost, 'now' | 'newId'>;
  readonly #creation: CreationClock;

  constructor(app: RuledData, host: Pick<AppHost, 'now' | 'newId'>) {
    this.#app = app;
    this.#host = host;
    this.#creation = new CreationClock(() => host.now());
  }

  /** Removes the attributes that can no longer be restored. */
  dropExpiredAttrs(): readonly Change[] {
    return dropExpiredAttrs(this.#app.data, this.#host.now());
  }

  /** @throws {ServerError} when the transaction is refused; nothing has changed then. */
  transact({ steps, actor, system }: TransactRequest, account: Account): Change[] {
    const { data, permissions } = this.#app;
    const { now, newId } = this.#host;
    const checks =
      actor.admin || system ? undefined : new TransactionChecks(data, permissions.run(this.#source, actor));
    return transact(data, steps, {
      admin: actor.admin,
      system,
      now: now(),
      // What the backend writes for itself, such as a magic code, has a lifetime that starts at the clock's real time.
      createdAt: system ? undefined : this.#creation.next(),
      newId,
      guard: withinQuota(account, data.undoLog, checks),
    });
  }

  /** @throws {ServerError} when it fails for a reason other than a rule that denies it; nothing has changed then. */
  rehearse({ steps, actor, rules, commit = false }: TrialRequest, account: Account): Rehearsal {
    const { data, permissions } = this.#app;
    const run = permissions.run(this.#source, actor, { rules, verbose: true });
    const { now, newId } = this.#host;
    const createdAt = this.#creation.next();
    return rehearse(data, steps, {
      run,
      commit,
      now: now(),
      createdAt,
      newId,
      kept: () => assertWithinQuota(account, data.undoLog),
    });
  }

  /** Loads attributes and triples unchanged. Nothing is checked. */
  load({ attrs, triples }: LoadedContent): Change[] {
    const { catalog, triples: store, undoLog } = this.#app.data;
    return undoLog.transaction(() => {
      for (const attr of attrs) catalog.put(attr);
      for (const triple of triples) store.load(triple);
    }).changes;
  }

  /** Makes the data exactly match a data set. Nothing is checked. */
  replace(content: DataSet): Change[] {
    return this.#app.data.undoLog.transaction(() => replaceContent(this.#app.data, content)).changes;
  }

  get #source(): QuerySource {
    return { catalog: this.#app.data.catalog, reader: this.#app.data.triples };
  }
}
