import type { SyncMessage } from '../../protocol/sync.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import type { AppSyncTables } from './app-sync-tables.ts';
import type { SyncSubscription } from './sync-subscription.ts';

/** The sync tables of one session. */
export class SessionSync {
  readonly #tables: AppSyncTables;
  readonly #channel: ClientChannel;
  readonly #subscriptions = new Map<string, SyncSubscription>();

  constructor(tables: AppSyncTables, channel: ClientChannel) {
    this.#tables = tables;
    this.#channel = channel;
  }

  /**
   * Handles an event and replies to it.
   *
   * @throws {ServerError} when it is not permitted.
   */
  serve(message: SyncMessage, id: EventId): void {
    const tables = this.#tables;
    switch (message.op) {
      case 'start-sync':
        this.#keep(tables.start(this.#channel, message.q, id));
        break;
      case 'resync-table':
        this.#keep(tables.resync(this.#channel, message));
        break;
      case 'remove-sync': {
        const subscription = this.#own(message.subscriptionId);
        this.#subscriptions.delete(message.subscriptionId);
        if (subscription) message.keep ? tables.detach(subscription) : tables.remove(subscription);
        break;
      }
    }
  }

  /** Detaches the subscriptions, so that another session can continue them. */
  end(): void {
    for (const id of this.#subscriptions.keys()) {
      const subscription = this.#own(id);
      if (subscription) this.#tables.detach(subscription);
    }
    this.#subscriptions.clear();
  }

  #keep(subscription: SyncSubscription): void {
    this.#subscriptions.set(subscription.id, subscription);
  }

  /** The subscription with this id, unless another session has taken it over. */
  #own(id: string): SyncSubscription | undefined {
    const subscription = this.#subscriptions.get(id);
    return subscription?.channel === this.#channel ? subscription : undefined;
  }
}
