import type { AppStatus } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import { type Account, UNLIMITED } from '../ephemeral/quota.ts';
import { growthBy, sizeOfRules, sizeOfText } from '../ephemeral/size-of.ts';
import { ledgerKey } from '../ledger/ledger-key.ts';
import { type CheckResult, Permissions, type Rules } from '../permissions/index.ts';
import { type AppData, createAppData } from '../store/app-data.ts';
import type { AppHost } from './app-host.ts';
import type { AppIdentity } from './app-identity.ts';
import { AppSessions } from './app-sessions.ts';
import { type Snapshot, snapshotOf } from './data-set.ts';
import { DataWriter, type LoadedContent, type TransactRequest, type TrialRequest } from './data-writer.ts';
import { EncodedAttrs } from './encoded-attrs.ts';
import { EventLedger } from './event-ledger.ts';
import type { Commit, KeptApp } from './keeper.ts';

/** One app: its data and its rules, its status, and the sessions that are open for it. */
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

  /** `kept` is what the app was when the backend was closed last. */
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

  /** The latest transaction: all that is read now includes it and those before it. */
  get processedTxId(): number {
    return this.#processedTxId;
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
    this.sessions.statusChanged(status);
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
    if (!toldPeersApart && this.rules?.tellsPeersApart) this.sessions.end();
    this.sessions.rulesChanged();
  }

  get #rulesCode(): Snapshot['rules'] {
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
    const dropped = this.#writer.dropExpiredAttrs();
    if (dropped.length > 0) this.#commit(dropped);
    return this.#commit(this.#writer.transact(request, this.#account), key);
  }

  /**
   * Runs a transaction and tells what every rule said of it. It is kept only with `commit`, and only when all let it
   * pass. `rules` take the place of those of the app.
   *
   * @throws {ServerError} when it fails for another reason than a rule that says no; then nothing has changed.
   */
  tryTransact(request: TrialRequest): { txId: number; results: readonly CheckResult[]; committed: boolean } {
    this.assertWritable();
    const { results, changes } = this.#writer.rehearse(request, this.#account);
    const txId = changes ? this.#commit(changes) : this.host.nextTxId();
    return { txId, results, committed: changes !== undefined };
  }

  /** Puts attributes and triples in as they are, as one transaction, and gives its tx-id. Nothing is checked. */
  load(content: LoadedContent): number {
    return this.#commit(this.#writer.load(content));
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
    this.host.keeper.committed(this.identity.id, { txId, changes, key });
    this.sessions.committed(txId, changes);
    return txId;
  }
}
