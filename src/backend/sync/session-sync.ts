import type { SyncMessage } from '../../protocol/sync.ts';
import type { App } from '../app/app.ts';
import type { Wire } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import type { SyncSubscription } from './sync-subscription.ts';

/** The sync tables of one session. */
export class SessionSync {
  readonly #app: App;
  readonly #wire: Wire;
  readonly #subscriptions = new Map<string, SyncSubscription>();

  constructor(app: App, wire: Wire) {
    this.#app = app;
    this.#wire = wire;
  }

  /**
   * Does what an event asks for, and answers it.
   *
   * @throws {ServerError} when it may not be done.
   */
  serve(message: SyncMessage, id: EventId): void {
    const { sync } = this.#app;
    switch (message.op) {
      case 'start-sync':
        this.#keep(sync.start(this.#wire, message.q, id));
        break;
      case 'resync-table':
        this.#keep(sync.resync(this.#wire, message));
        break;
      case 'remove-sync': {
        const subscription = this.#own(message.subscriptionId);
        this.#subscriptions.delete(message.subscriptionId);
        if (subscription) message.keep ? sync.detach(subscription) : sync.remove(subscription);
        break;
      }
    }
  }

  /** Leaves the subscriptions for another session to go on with. */
  end(): void {
    for (const id of this.#subscriptions.keys()) {
      const subscription = this.#own(id);
      if (subscription) this.#app.sync.detach(subscription);
    }
    this.#subscriptions.clear();
  }

  #keep(subscription: SyncSubscription): void {
    this.#subscriptions.set(subscription.id, subscription);
  }

  /** The subscription with this id, unless another session has taken it over. */
  #own(id: string): SyncSubscription | undefined {
    const subscription = this.#subscriptions.get(id);
    return subscription?.wire === this.#wire ? subscription : undefined;
  }
}
