import type { Attr, Triple } from '../../protocol/attr.ts';
import type { AppRow, AppStatus } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import { canonicalJson, isObject, type JsonValue } from '../../protocol/json.ts';
import { AppAuth } from '../auth/app-auth.ts';
import type { SignInSettings } from '../auth/settings.ts';
import { type Account, UNLIMITED } from '../ephemeral/quota.ts';
import { growthBy, sizeOfText } from '../ephemeral/size-of.ts';
import { assertWithinQuota, withinQuota } from '../ephemeral/within-quota.ts';
import { forgetContents } from '../files/forget-contents.ts';
import { LEDGER_ENTRY_BYTES, Ledger } from '../ledger/ledger.ts';
import { type LedgerKey, ledgerKey } from '../ledger/ledger-key.ts';
import type { Actor } from '../permissions/actor.ts';
import {
  type CheckResult,
  Permissions,
  type Rules,
  rehearse,
  TransactionChecks,
} from '../permissions/index.ts';
import type { QuerySource } from '../query/index.ts';
import { Rooms } from '../rooms/app-rooms.ts';
import { type AppData, createAppData } from '../store/app-data.ts';
import type { Change } from '../store/undo-log.ts';
import { Streams } from '../streams/app-streams.ts';
import { SyncTables } from '../sync/app-sync-tables.ts';
import { dropExpiredAttrs } from '../transact/expired-attrs.ts';
import { transact } from '../transact/index.ts';
import { type Evaluation, evaluate } from './answer-query.ts';
import type { BackendHost } from './app-host.ts';
import { CreationClock } from './creation-clock.ts';
import { type Snapshot, snapshotOf } from './data-set.ts';
import type { KeptApp } from './keeper.ts';
import { LiveQueries } from './live-queries.ts';
import type { LiveQuery, QueryRequest } from './live-query.ts';
import { OPERATOR_ID } from './operator.ts';
import { replaceContent } from './replace-content.ts';

/** What an app needs of a session that is open for it. */
export interface AppSession {
  /** Sends what changed. The attributes are sent along when the session has an older list. */
  refresh(queries: readonly LiveQuery<AppSession>[]): void;
  /** More of what was due has been sent: what waits for that may go on. */
  goOn(): void;
  /** Tells the client of a new status. */
  statusChanged(status: AppStatus): void;
  /** Ends the session, because the app is gone. */
  end(): void;
}

/** What an app is, apart from its data. */
export interface AppIdentity {
  readonly id: string;
  readonly title: string;
  readonly adminToken: string;
  /** In epoch milliseconds. */
  readonly createdAt: number;
  /** Whether it was created over HTTP for a while. */
  readonly ephemeral: boolean;
  /** Whether its providers of identities may be inside, because the program that runs the backend made it. */
  readonly trustsProviders?: true;
  /** What its sign-ins take, beside the data. */
  readonly signIn?: SignInSettings;
}

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

/** The list of attributes of an app, as JSON text; equal revisions mean equal lists. */
export interface AttrList {
  readonly revision: number;
  readonly text: string;
}

/** One app: its data, its status, and the sessions that are open for it. */
export class App {
  readonly host: BackendHost;
  /** What sign-ins need beyond the data. */
  readonly auth: AppAuth;
  readonly data: AppData = createAppData((locationId) =>
    this.host.files.urls.sign({ appId: this.#identity.id, locationId }),
  );
  readonly permissions: Permissions = new Permissions({
    now: () => this.host.now(),
    appId: () => this.#identity.id,
  });
  readonly live: LiveQueries<AppSession> = new LiveQueries<AppSession>(this.data, this.permissions);
  readonly rooms: Rooms;
  readonly sync: SyncTables = new SyncTables(this);
  readonly streams: Streams;
  readonly #sessions = new Set<AppSession>();
  readonly #ledger = new Ledger();
  readonly #creation: CreationClock;
  #identity: AppIdentity;
  #account: Account;
  #initial: Snapshot = { attrs: [], triples: [], rules: null };
  #status: AppStatus = 'active';
  #processedTxId: number;
  #attrsRevision = 1;
  #attrList: AttrList | undefined;
  #attrsToSend = false;
  #refreshScheduled = false;
  /** Whether some live queries have to wait for another turn. */
  #isBehind = false;

  /** `kept` is what the app was when the backend was closed last. */
  constructor(identity: AppIdentity, host: BackendHost, kept?: KeptApp) {
    this.#identity = identity;
    this.host = host;
    this.auth = new AppAuth(identity.trustsProviders ? host.providers.trusted : host.providers.guarded);
    this.#account = identity.ephemeral ? host.ephemeral.open() : UNLIMITED;
    this.#account.grow(sizeOfText(identity));
    this.#creation = new CreationClock(() => host.now());
    this.rooms = new Rooms(host.machineId);
    this.streams = new Streams(this, host.keeper.streamContent(identity.id));
    this.#processedTxId = kept?.processedTxId ?? host.nextTxId();
    if (kept) this.#revive(kept);
  }

  /** What it takes of what all ephemeral apps share. */
  get account(): Account {
    return this.#account;
  }

  get identity(): AppIdentity {
    return this.#identity;
  }

  /** The permission rules; null where there are none. */
  get rules(): Rules | null {
    return this.permissions.rules;
  }

  get status(): AppStatus {
    return this.#status;
  }

  /** The latest transaction: whatever is read now includes it and all before it. */
  get processedTxId(): number {
    return this.#processedTxId;
  }

  /** The app as clients see it. The admin token is not in it. */
  get row(): AppRow {
    return {
      id: this.identity.id,
      title: this.identity.title,
      creator_id: OPERATOR_ID,
      created_at: new Date(this.identity.createdAt).toISOString(),
      deletion_marked_at: null,
      org_id: null,
      subscription_id: null,
      connection_string: null,
      status: this.#status,
      magic_code_expiry_minutes: this.identity.signIn?.magicCodeMinutes ?? null,
    };
  }

  /** All attributes, encoded once for each change of them. */
  get attrs(): AttrList {
    if (this.#attrList?.revision !== this.#attrsRevision) {
      this.#attrList = { revision: this.#attrsRevision, text: JSON.stringify(this.data.catalog.list()) };
    }
    return this.#attrList;
  }

  /** Gives the app another title or other settings, or keeps an ephemeral one for good. */
  amend(changes: Partial<Pick<AppIdentity, 'title' | 'ephemeral' | 'signIn'>>): void {
    const amended = { ...this.#identity, ...changes };
    const growth = sizeOfText(amended) - sizeOfText(this.#identity);
    this.#account.assertRoom(growth);
    this.#account.grow(growth);
    if (!amended.ephemeral) {
      this.#account.close();
      this.#account = UNLIMITED;
    }
    this.#identity = amended;
    this.host.keeper.settingsChanged(this.#identity.id, { identity: this.#identity });
  }

  /** Changes the status and tells every session. */
  setStatus(status: AppStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.host.keeper.settingsChanged(this.identity.id, { status });
    for (const session of this.#sessions) session.statusChanged(status);
  }

  /**
   * Puts other permission rules in force, null for none: live queries are refreshed.
   *
   * @throws {ServerError} `validation-failed` when they cannot be used; then the old ones stay.
   */
  setRules(code: unknown): void {
    const toldPeersApart = this.rules?.tellsPeersApart ?? false;
    const growth = sizeOfRules(code) - sizeOfRules(this.#rulesCode);
    this.#account.assertRoom(growth);
    this.permissions.push(code);
    this.#account.grow(growth);
    this.host.keeper.settingsChanged(this.identity.id, { rules: this.#rulesCode });
    // Peers that shared the answers to a query may no longer: they come back and ask each for himself.
    if (!toldPeersApart && this.rules?.tellsPeersApart) this.end();
    this.live.invalidateAll();
    this.#scheduleRefresh();
  }

  get #rulesCode(): JsonValue {
    return this.rules?.code ?? null;
  }

  /** @throws {ServerError} `app-disabled` when the app may not be read. */
  assertReadable(): void {
    if (this.#status !== 'disabled') return;
    throw new ServerError('app-disabled', 'This app is currently disabled.', { status: this.#status });
  }

  /** @throws {ServerError} `app-disabled` or `app-read-only` when the app may not be written. */
  assertWritable(): void {
    this.assertReadable();
    if (this.#status === 'active') return;
    throw new ServerError('app-read-only', 'This app is in read-only mode.', { status: this.#status });
  }

  /** Begins to tell a session of changes. */
  join(session: AppSession): void {
    this.#sessions.add(session);
  }

  /** Stops telling a session of changes. */
  leave(session: AppSession): void {
    this.#sessions.delete(session);
  }

  /** Ends every session, because the app is gone. */
  end(): void {
    for (const session of [...this.#sessions]) session.end();
  }

  /**
   * Runs a transaction and gives its tx-id. Attributes that cannot be restored any more go first. One that was applied
   * before under the same `clientEventId` is not run again: its tx-id is given, whatever the status of the app is now.
   *
   * @throws {ServerError} when it is refused; then nothing has changed.
   */
  transact(request: TransactRequest): number {
    const key = ledgerKey(request.clientEventId);
    const before = key && this.#ledger.find(key);
    if (before !== undefined) return before;
    if (!request.inAnyStatus) this.assertWritable();
    const { steps, actor, system } = request;
    const { now, newId } = this.host;
    this.#dropExpiredAttrs(now());
    const checks =
      actor.admin || system
        ? undefined
        : new TransactionChecks(this.data, this.permissions.run(this.#source, actor));
    const guard = withinQuota(this.#account, this.data.journal, checks);
    const changes = transact(this.data, steps, {
      admin: actor.admin,
      system,
      now: now(),
      // What the backend writes for itself, such as a magic code, lives from the clock's own time on.
      createdAt: system ? undefined : this.#creation.next(),
      newId,
      guard,
    });
    return this.#commit(changes, key);
  }

  /**
   * Runs a transaction and tells what every rule said of it. It is kept only with `commit`, and only when all let it
   * pass. `rules` take the place of those of the app.
   *
   * @throws {ServerError} when it fails for another reason than a rule that says no; then nothing has changed.
   */
  tryTransact(request: TrialRequest): { txId: number; results: readonly CheckResult[]; committed: boolean } {
    this.assertWritable();
    const { steps, actor, rules, commit = false } = request;
    const run = this.permissions.run(this.#source, actor, { rules, verbose: true });
    const { now, newId } = this.host;
    const createdAt = this.#creation.next();
    const { results, changes } = rehearse(this.data, steps, {
      run,
      commit,
      now: now(),
      createdAt,
      newId,
      kept: () => assertWithinQuota(this.#account, this.data.journal),
    });
    const txId = changes ? this.#commit(changes) : this.host.nextTxId();
    return { txId, results, committed: changes !== undefined };
  }

  /** Answers a query of this moment. A failure is an answer, too. */
  evaluate(request: QueryRequest): Evaluation {
    return evaluate(this.data, this.permissions, request);
  }

  /** Puts attributes and triples in as they are, as one transaction, and gives its tx-id. Nothing is checked. */
  load(attrs: readonly Attr[], triples: readonly Triple[]): number {
    const { catalog, triples: store, journal } = this.data;
    const { changes } = journal.transaction(() => {
      for (const attr of attrs) catalog.put(attr);
      for (const triple of triples) store.load(triple);
    });
    return this.#commit(changes);
  }

  /** All that the app holds, and its rules, as a copy. */
  snapshot(): Snapshot {
    return { ...snapshotOf(this.data), rules: structuredClone(this.#rulesCode) };
  }

  /** What {@link keepAsInitial} was called for last. */
  get initial(): Snapshot {
    return this.#initial;
  }

  /** Remembers what the app is now, for a later {@link restore}. */
  keepAsInitial(): void {
    this.#initial = this.snapshot();
    this.host.keeper.settingsChanged(this.identity.id, { initial: this.#initial });
  }

  /** Makes the app exactly what a snapshot says, as one transaction, and gives its tx-id. Nothing is checked. */
  restore(snapshot: Snapshot): number {
    this.setRules(snapshot.rules);
    const { changes } = this.data.journal.transaction(() => replaceContent(this.data, snapshot));
    return this.#commit(changes);
  }

  #revive({ status, initial, rules, attrs, triples, ledger }: KeptApp): void {
    this.permissions.push(rules);
    this.#status = status;
    this.#initial = initial;
    for (const { key, txId } of ledger) this.#remember(key, txId);
    const { changes } = this.data.journal.transaction(() => {
      for (const attr of attrs) this.data.catalog.put(attr);
      for (const triple of triples) this.data.triples.load(triple);
    });
    if (this.#account.isLimited) this.#account.grow(growthBy(changes) + sizeOfRules(this.#rulesCode));
  }

  get #source(): QuerySource {
    return { catalog: this.data.catalog, reader: this.data.triples };
  }

  #dropExpiredAttrs(now: number): void {
    const changes = dropExpiredAttrs(this.data, now);
    if (changes.length > 0) this.#commit(changes);
  }

  /** Remembers a transaction; an ephemeral app forgets another one for it when the others have left no room. */
  #remember(key: LedgerKey, txId: number): void {
    const { size } = this.#ledger;
    this.#ledger.record(key, txId);
    if (this.#ledger.size > size && !this.#account.keepBeside(LEDGER_ENTRY_BYTES))
      this.#ledger.forgetOldest();
  }

  #commit(changes: readonly Change[], key?: LedgerKey): number {
    const txId = this.host.nextTxId();
    this.#processedTxId = txId;
    if (this.#account.isLimited) this.#account.grow(growthBy(changes));
    if (key) this.#remember(key, txId);
    this.host.keeper.committed(this.identity.id, { txId, changes, key });
    const attrChanges = changes.filter((change) => change.kind === 'attr');
    if (attrChanges.length > 0) {
      this.#attrsRevision++;
      this.#attrsToSend = true;
    }
    const needsRefresh = this.live.invalidate(changes, attrChanges.some(isOfSubstance));
    const isSynced = this.sync.committed(txId, changes);
    this.streams.committed(changes);
    forgetContents(this, changes);
    if (needsRefresh || isSynced || this.#attrsToSend) this.#scheduleRefresh();
    return txId;
  }

  // After what the event loop has at hand: transactions that arrived together are one refresh, and no timer is waited
  // for. What takes longer goes on after what has come meanwhile.
  #scheduleRefresh(): void {
    if (this.#refreshScheduled) return;
    this.#refreshScheduled = true;
    setImmediate(() => {
      this.#refreshScheduled = false;
      this.#refresh();
    });
  }

  #refresh(): void {
    // Nobody is shown what could still be lost. When it cannot be kept, the backend is stopping.
    if (!this.#keep()) return;
    this.sync.wake();
    const end = performance.now() + this.host.sliceMs;
    // Sent before anything else can happen: what is stamped with the latest transaction holds that one, and none after.
    const news = this.live.refresh(() => performance.now() >= end);
    const wasBehind = this.#isBehind;
    this.#isBehind = this.live.isBehind;
    if (this.#isBehind) this.#scheduleRefresh();
    const receivers = this.#attrsToSend ? [...this.#sessions] : news.keys();
    this.#attrsToSend = false;
    for (const session of receivers) {
      try {
        session.refresh(news.get(session) ?? []);
      } catch (error) {
        this.host.report('refresh a session', error);
      }
    }
    if (wasBehind) for (const session of [...this.#sessions]) session.goOn();
  }

  #keep(): boolean {
    try {
      this.host.keeper.flush();
      return true;
    } catch {
      // It is reported once, by whoever stops the backend for it.
      return false;
    }
  }
}

/** What rules take; none take nothing. */
function sizeOfRules(code: unknown): number {
  return isObject(code) ? sizeOfText(code) : 0;
}

/** Whether a change of an attribute can change what a result means: all but what was merely seen under it. */
function isOfSubstance(change: Extract<Change, { kind: 'attr' }>): boolean {
  return definitionOf(change.before) !== definitionOf(change.after);
}

function definitionOf(attr: Attr | undefined): string {
  return canonicalJson({ ...attr, 'inferred-types': null });
}
