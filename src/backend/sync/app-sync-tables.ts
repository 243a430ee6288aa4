import { recordNotFound, type ServerError, validationFailed } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { ResyncTableMessage } from '../../protocol/sync.ts';
import type { CommitFollower } from '../app/commit-follower.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import type { Change } from '../store/undo-log.ts';
import type { SyncApp } from './sync-app.ts';
import { historyIsGone, SyncHistory } from './sync-history.ts';
import { loadNamespace, parseSyncQuery } from './sync-query.ts';
import { SyncSubscription } from './sync-subscription.ts';

/** How many subscriptions without a session are remembered. */
const MAX_IDLE = 10_000;

/**
 * The sync tables of one app. A subscription outlives its session, so that a client that reconnects continues where it
 * was; while there is one, the latest transactions are kept.
 */
export class AppSyncTables implements CommitFollower {
  readonly #app: SyncApp;
  readonly #subscriptions = new Map<string, SyncSubscription>();
  #history: SyncHistory | undefined;

  constructor(app: SyncApp) {
    this.#app = app;
  }

  /** Records what a transaction changed; returns whether anyone is due an update, see {@link wake}. */
  committed(txId: number, changes: readonly Change[]): boolean {
    this.#history?.record(txId, changes);
    return this.#history !== undefined;
  }

  /** Sends what was recorded to the subscribers. */
  wake(): void {
    for (const subscription of this.#subscriptions.values()) subscription.wake();
  }

  /**
   * Starts a subscription for a session, and replies.
   *
   * @throws {ServerError} when the session is not an admin's, or the query cannot be synced.
   */
  start(channel: ClientChannel, q: JsonValue, id: EventId): SyncSubscription {
    if (!channel.actor.admin) {
      const message = 'start-sync is currently supported for admins only.';
      throw validationFailed('start-sync', { q }, [{ message }]);
    }
    this.#app.assertReadable();
    const query = parseSyncQuery(this.#app.data, q);
    const rows = loadNamespace(this.#app.data, query);
    const { newId } = this.#app.host;
    const txId = this.#app.processedTxId;
    this.#history ??= new SyncHistory(txId, (bytes) => this.#app.account.keepBeside(bytes));
    const subscription = new SyncSubscription(this.#app, {
      id: newId(),
      token: newId(),
      etype: query.etype,
      history: this.#history,
      userId: channel.actor.user?.id,
    });
    this.#subscriptions.set(subscription.id, subscription);
    channel.send({
      op: 'start-sync-ok',
      q,
      'subscription-id': subscription.id,
      token: subscription.token,
      'client-event-id': id,
      'trace-id': null,
    });
    subscription.load(channel, rows, txId);
    return subscription;
  }

  /**
   * Continues a subscription in another session.
   *
   * @throws {ServerError} when it is not this client's, or can no longer be continued; the client then starts over.
   */
  resync(channel: ClientChannel, { subscriptionId, token, txId }: ResyncTableMessage): SyncSubscription {
    this.#app.assertReadable();
    const subscription = this.#subscriptions.get(subscriptionId);
    if (!subscription) throw recordNotFound('subscription', { 'subscription-id': subscriptionId });
    if (subscription.token !== token) throw refused({ token }, 'Invalid token.');
    const { admin, user } = channel.actor;
    if (!admin) {
      const message = 'Subscription was created as an admin, but the session is not an admin session.';
      throw refused({ 'admin?': admin }, message);
    }
    if (subscription.userId !== user?.id) {
      throw refused({ 'user-id': user?.id ?? null }, 'Subscription was created by a different user.');
    }
    if (!this.#history?.reaches(txId)) throw historyIsGone(subscriptionId);
    subscription.goOn(channel, txId);
    return subscription;
  }

  /** Ends a subscription permanently. */
  remove(subscription: SyncSubscription): void {
    subscription.detach();
    this.#subscriptions.delete(subscription.id);
    if (this.#subscriptions.size > 0) return;
    this.#history?.clear();
    this.#history = undefined;
  }

  /** Detaches a subscription, so that a later session can continue it. */
  detach(subscription: SyncSubscription): void {
    subscription.detach();
    // Moved to the end, so that those idle for longest come first.
    if (this.#subscriptions.delete(subscription.id)) this.#subscriptions.set(subscription.id, subscription);
    const idle = [...this.#subscriptions.values()].filter(({ channel }) => channel === undefined);
    for (const old of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) this.remove(old);
  }
}

function refused(input: Record<string, unknown>, message: string): ServerError {
  return validationFailed('subscription', input, [{ message }]);
}
