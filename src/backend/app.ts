import type { Attr, Triple } from '../protocol/attr.ts';
import type { AppRow, AppStatus } from '../protocol/down.ts';
import { ServerError } from '../protocol/error.ts';
import { canonicalJson } from '../protocol/json.ts';
import type { BackendHost } from './host.ts';
import { Ledger } from './ledger.ts';
import { LiveQueries } from './live-queries.ts';
import type { LiveQuery } from './live-query.ts';
import { type AppData, createAppData } from './store/app-data.ts';
import type { Change } from './store/journal.ts';
import { transact } from './transact/index.ts';

/** What an app needs of a session that is open for it. */
export interface AppSession {
  /** Sends what changed. The attributes are sent along when the session has an older list. */
  refresh(queries: readonly LiveQuery<AppSession>[]): void;
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
}

/** The list of attributes of an app, as JSON text; equal revisions mean equal lists. */
export interface AttrList {
  readonly revision: number;
  readonly text: string;
}

/** The creator of every app: a local backend has no accounts. */
const CREATOR_ID = '00000000-0000-4000-8000-000000000000';

/** One app: its data, its status, and the sessions that are open for it. */
export class App {
  readonly identity: AppIdentity;
  readonly data: AppData = createAppData();
  readonly live: LiveQueries<AppSession> = new LiveQueries<AppSession>(this.data);
  readonly #host: BackendHost;
  readonly #sessions = new Set<AppSession>();
  readonly #ledger = new Ledger();
  #status: AppStatus = 'active';
  #processedTxId: number;
  #attrsRevision = 1;
  #attrList: AttrList | undefined;
  #attrsToSend = false;
  #refreshScheduled = false;

  constructor(identity: AppIdentity, host: BackendHost) {
    this.identity = identity;
    this.#host = host;
    this.#processedTxId = host.nextTxId();
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
      creator_id: CREATOR_ID,
      created_at: new Date(this.identity.createdAt).toISOString(),
      deletion_marked_at: null,
      org_id: null,
      subscription_id: null,
      connection_string: null,
      status: this.#status,
      magic_code_expiry_minutes: null,
    };
  }

  /** All attributes, encoded once for each change of them. */
  get attrs(): AttrList {
    if (this.#attrList?.revision !== this.#attrsRevision) {
      this.#attrList = { revision: this.#attrsRevision, text: JSON.stringify(this.data.catalog.list()) };
    }
    return this.#attrList;
  }

  /** Changes the status and tells every session. */
  setStatus(status: AppStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const session of this.#sessions) session.statusChanged(status);
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
   * Runs a transaction and gives its tx-id. One that was applied before under the same `clientEventId` is not run
   * again: its tx-id is given.
   *
   * @throws {ServerError} when it is refused; then nothing has changed.
   */
  transact(request: { steps: unknown; admin: boolean; clientEventId?: unknown }): number {
    this.assertWritable();
    const before = this.#ledger.find(request.clientEventId);
    if (before !== undefined) return before;
    const { now, newId } = this.#host;
    const changes = transact(this.data, request.steps, { admin: request.admin, now: now(), newId });
    const txId = this.#commit(changes);
    this.#ledger.record(request.clientEventId, txId);
    return txId;
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

  #commit(changes: readonly Change[]): number {
    this.#processedTxId = this.#host.nextTxId();
    const attrChanges = changes.filter((change) => change.kind === 'attr');
    if (attrChanges.length > 0) {
      this.#attrsRevision++;
      this.#attrsToSend = true;
    }
    const needsRefresh = this.live.invalidate(changes, attrChanges.some(isOfSubstance));
    if (needsRefresh || this.#attrsToSend) this.#scheduleRefresh();
    return this.#processedTxId;
  }

  // After what the event loop has at hand: transactions that arrived together are one refresh, and no timer is waited for.
  #scheduleRefresh(): void {
    if (this.#refreshScheduled) return;
    this.#refreshScheduled = true;
    setImmediate(() => {
      this.#refreshScheduled = false;
      this.#refresh();
    });
  }

  #refresh(): void {
    const news = this.live.refresh();
    const receivers = this.#attrsToSend ? [...this.#sessions] : news.keys();
    this.#attrsToSend = false;
    for (const session of receivers) {
      try {
        session.refresh(news.get(session) ?? []);
      } catch (error) {
        this.#host.report('refresh a session', error);
      }
    }
  }
}

/** Whether a change of an attribute can change what a result means: all but what was merely seen under it. */
function isOfSubstance(change: Extract<Change, { kind: 'attr' }>): boolean {
  return definitionOf(change.before) !== definitionOf(change.after);
}

function definitionOf(attr: Attr | undefined): string {
  return canonicalJson({ ...attr, 'inferred-types': null });
}
