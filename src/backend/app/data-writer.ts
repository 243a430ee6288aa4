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

/** A transaction, and on whose behalf it runs. */
export interface TransactRequest {
  /** The steps as a client sent them. */
  readonly steps: unknown;
  readonly actor: Actor;
  /** Whether the backend itself writes: then no rule applies, and the columns that only it may write are open. */
  readonly system?: boolean;
  /** Whether it runs whatever the status of the app: a sign-out works in all of them. */
  readonly inAnyStatus?: boolean;
  readonly clientEventId?: unknown;
}

/** A transaction to be tried on behalf of an actor who is no admin. */
export interface TrialRequest extends Pick<TransactRequest, 'steps' | 'actor'> {
  readonly rules?: Rules | undefined;
  readonly commit?: boolean;
}

/** Content as it is, to be put in. */
export interface LoadedContent {
  readonly attrs: readonly DataSet['attrs'][number][];
  readonly triples: Iterable<DataSet['triples'][number]>;
}

/** Changes the data of an app, by the rules and within what its account leaves. Each call is one transaction, or none. */
export class DataWriter {
  readonly #app: RuledData;
  readonly #host: Pick<AppHost, 'now' | 'newId'>;
  readonly #creation: CreationClock;

  constructor(app: RuledData, host: Pick<AppHost, 'now' | 'newId'>) {
    this.#app = app;
    this.#host = host;
    this.#creation = new CreationClock(() => host.now());
  }

  /** Takes out the attributes that cannot be restored any more. */
  dropExpiredAttrs(): readonly Change[] {
    return dropExpiredAttrs(this.#app.data, this.#host.now());
  }

  /** @throws {ServerError} when the transaction is refused; then nothing has changed. */
  transact({ steps, actor, system }: TransactRequest, account: Account): Change[] {
    const { data, permissions } = this.#app;
    const { now, newId } = this.#host;
    const checks =
      actor.admin || system ? undefined : new TransactionChecks(data, permissions.run(this.#source, actor));
    return transact(data, steps, {
      admin: actor.admin,
      system,
      now: now(),
      // What the backend writes for itself, such as a magic code, lives from the clock's own time on.
      createdAt: system ? undefined : this.#creation.next(),
      newId,
      guard: withinQuota(account, data.undoLog, checks),
    });
  }

  /** @throws {ServerError} when it fails for another reason than a rule that says no; then nothing has changed. */
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

  /** Puts attributes and triples in as they are. Nothing is checked. */
  load({ attrs, triples }: LoadedContent): Change[] {
    const { catalog, triples: store, undoLog } = this.#app.data;
    return undoLog.transaction(() => {
      for (const attr of attrs) catalog.put(attr);
      for (const triple of triples) store.load(triple);
    }).changes;
  }

  /** Makes the data exactly what a data set says. Nothing is checked. */
  replace(content: DataSet): Change[] {
    return this.#app.data.undoLog.transaction(() => replaceContent(this.#app.data, content)).changes;
  }

  get #source(): QuerySource {
    return { catalog: this.#app.data.catalog, reader: this.#app.data.triples };
  }
}
