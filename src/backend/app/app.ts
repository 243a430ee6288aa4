import type { AppStatus } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import { type Account, UNLIMITED } from '../ephemeral/quota.ts';
import { growthBy, sizeOfRules, sizeOfText } from '../ephemeral/size-of.ts';
import { ledgerKey } from '../ledger/ledger-key.ts';
import { type CheckResult, Permissions } from '../permissions/index.ts';
import { type AppData, createAppData } from '../store/app-data.ts';
import type { AppHost } from './app-host.ts';
import type { AppIdentity } from './app-identity.ts';
import type { Commit, KeptApp } from './app-persistence.ts';
import { AppSessions } from './app-sessions.ts';
import { type Snapshot, snapshotOf } from './data-set.ts';
import { DataWriter, type LoadedContent, type TransactRequest, type TrialRequest } from './data-writer.ts';
import { EncodedAttrs } from './encoded-attrs.ts';
import { EventLedger } from './event-ledger.ts';

/** One app: its data, rules and status, and the sessions that are open for it. */
export class App {
  readonly host: AppHost;
  readonly data: AppData = createAppData((locationId) =>
    this.host.files.urls.sign({ appId: this.#identity.id, locationId }),
  );
  readonly permissions: Permissions = new Permissions({
    now: () => this.host.now(),
    appId: () => this.#identity.id,
  });
  readonly attrs: EncodedAttrs = new EncodedAttrs(this.data.catalog);
  readonly sessions: AppSessions;
  readonly #writer: DataWriter;
  readonly #ledger = new EventLedger();
  #identity: AppIdentity;
  #account: Account;
  #initial: Snapshot = { attrs: [], triples: [], rules: null };
  #status: AppStatus = 'active';
  #processedTxId: number;

  /** `kept` is the persisted state of the app from an earlier run. */
  constructor(identity: AppIdentity, host: AppHost, kept?: KeptApp) {
    this.#identity = identity;
    this.host = host;
    this.sessions = new AppSessions(this, this.attrs, host);
    this.#writer = new DataWriter(this, host);
    this.#account = identity.ephemeral ? host.ephemeral.open() : UNLIMITED;
    this.#account.grow(sizeOfText(identity));
    this.#processedTxId = kept?.processedTxId ?? host.nextTxId();
    if (kept) this.#revive(kept);
  }

  /** The app's share of the quota of all ephemeral apps. */
  get account(): Account {
    return this.#account;
  }

  get identity(): AppIdentity {
    return this.#identity;
  }

  get status(): AppStatus {
    return this.#status;
  }

  /** The latest transaction: everything read now includes it and all before it. */
  get processedTxId(): number {
    return this.#processedTxId;
  }

  /** Gives the app a new title or settings, or makes an ephemeral one permanent. */
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
    this.host.persistence.settingsChanged(this.#identity.id, { identity: this.#identity });
  }

  /** Changes the status and notifies every session. */
  setStatus(status: AppStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.host.persistence.settingsChanged(this.identity.id, { status });
    this.sessions.statusChanged(status);
  }

  /**
   * Replaces the permission rules, null for none; live queries are refreshed.
   *
   * @throws {ServerError} `validation-failed` when they cannot be used; the old rules then stay.
   */
  setRules(code: unknown): void {
    const toldPeersApart = this.permissions.rules?.tellsPeersApart ?? false;
    const growth = sizeOfRules(code) - sizeOfRules(this.#rulesCode);
    this.#account.assertRoom(growth);
    this.permissions.push(code);
    this.#account.grow(growth);
    this.host.persistence.settingsChanged(this.identity.id, { rules: this.#rulesCode });
    // Under the new rules, peers may no longer share query answers: ending the sessions makes each reconnect and ask
    // for itself.
    if (!toldPeersApart && this.permissions.rules?.tellsPeersApart) this.sessions.end();
    this.sessions.rulesChanged();
  }

  get #rulesCode(): Snapshot['rules'] {
    return this.permissions.rules?.code ?? null;
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

  /**
   * Runs a transaction and returns its tx-id. Attributes that can no longer be restored are dropped first. A
   * transaction already applied under the same `clientEventId` is not run again: its tx-id is returned, whatever the
   * app's status is now.
   *
   * @throws {ServerError} when it is refused; nothing has changed then.
   */
  transact(request: TransactRequest): number {
    const key = ledgerKey(request.clientEventId);
    const before = key && this.#ledger.find(key);
    if (before !== undefined) return before;
    if (!request.inAnyStatus) this.assertWritable();
    const dropped = this.#writer.dropExpiredAttrs();
    if (dropped.length > 0) this.#commit(dropped);
    return this.#commit(this.#writer.transact(request, this.#account), key);
  }

  /**
   * Runs a transaction and reports what every rule decided. It is only committed with `commit`, and only when all rules
   * pass. `rules` replace those of the app.
   *
   * @throws {ServerError} when it fails for a reason other than a rule that denies it; nothing has changed then.
   */
  tryTransact(request: TrialRequest): { txId: number; results: readonly CheckResult[]; committed: boolean } {
    this.assertWritable();
    const { results, changes } = this.#writer.rehearse(request, this.#account);
    const txId = changes ? this.#commit(changes) : this.host.nextTxId();
    return { txId, results, committed: changes !== undefined };
  }

  /** Loads attributes and triples unchanged, as one transaction, and returns its tx-id. Nothing is checked. */
  load(content: LoadedContent): number {
    return this.#commit(this.#writer.load(content));
  }

  /** A copy of everything the app holds, and of its rules. */
  snapshot(): Snapshot {
    return { ...snapshotOf(this.data), rules: structuredClone(this.#rulesCode) };
  }

  /** The state at the last {@link keepAsInitial}. */
  get initial(): Snapshot {
    return this.#initial;
  }

  /** Remembers the app's current state for a later {@link restore}. */
  keepAsInitial(): void {
    this.#initial = this.snapshot();
    this.host.persistence.settingsChanged(this.identity.id, { initial: this.#initial });
  }

  /** Makes the app exactly match a snapshot, as one transaction, and returns its tx-id. Nothing is checked. */
  restore(snapshot: Snapshot): number {
    this.setRules(snapshot.rules);
    return this.#commit(this.#writer.replace(snapshot));
  }

  #revive({ status, initial, rules, attrs, triples, ledger }: KeptApp): void {
    this.permissions.push(rules);
    this.#status = status;
    this.#initial = initial;
    for (const { key, txId } of ledger) this.#ledger.remember(key, txId, this.#account);
    const changes = this.#writer.load({ attrs, triples });
    if (this.#account.isLimited) this.#account.grow(growthBy(changes) + sizeOfRules(this.#rulesCode));
  }

  #commit(changes: Commit['changes'], key?: Commit['key']): number {
    const txId = this.host.nextTxId();
    this.#processedTxId = txId;
    if (this.#account.isLimited) this.#account.grow(growthBy(changes));
    if (key) this.#ledger.remember(key, txId, this.#account);
    this.host.persistence.committed(this.identity.id, { txId, changes, key });
    this.sessions.committed(txId, changes);
    return txId;
  }
}
