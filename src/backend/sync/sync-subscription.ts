import type { Triple } from '../../protocol/attr.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import { encodeError } from '../session/encode.ts';
import { PacedSender } from '../session/paced-sender.ts';
import type { SyncApp } from './sync-app.ts';
import { historyIsGone, type SyncHistory } from './sync-history.ts';

/** How many entities, or transactions, one message holds. */
const BATCH = 100;

type State =
  | { readonly is: 'idle' }
  | {
      readonly is: 'loading';
      readonly channel: ClientChannel;
      readonly sender: PacedSender;
      readonly txId: number;
      readonly rows: readonly Triple[][];
      /** How many of the rows have been sent. */
      sent: number;
    }
  | { readonly is: 'following'; readonly channel: ClientChannel; readonly sender: PacedSender; txId: number };

/** A client's subscription to a sync table. It sends to one session at a time, as fast as that reads. */
export class SyncSubscription {
  readonly id: string;
  /** The token that a client must present to continue. */
  readonly token: string;
  /** The user who started it, if any. */
  readonly userId: string | undefined;
  readonly #app: SyncApp;
  readonly #etype: string;
  readonly #history: SyncHistory;
  #state: State = { is: 'idle' };

  constructor(
    app: SyncApp,
    parts: { id: string; token: string; etype: string; history: SyncHistory; userId: string | undefined },
  ) {
    this.#app = app;
    this.id = parts.id;
    this.token = parts.token;
    this.userId = parts.userId;
    this.#etype = parts.etype;
    this.#history = parts.history;
  }

  /** The session that it sends to. */
  get channel(): ClientChannel | undefined {
    return this.#state.is === 'idle' ? undefined : this.#state.channel;
  }

  /** Sends the namespace as of transaction `txId`, and then later changes. */
  load(channel: ClientChannel, rows: readonly Triple[][], txId: number): void {
    this.detach();
    this.#state = { is: 'loading', channel, sender: this.#sender(channel), txId, rows, sent: 0 };
    this.wake();
  }

  /** Sends the changes after transaction `txId`. */
  goOn(channel: ClientChannel, txId: number): void {
    this.detach();
    this.#state = { is: 'following', channel, sender: this.#sender(channel), txId };
    this.wake();
  }

  /** Call this when there may be something new. */
  wake(): void {
    if (this.#state.is !== 'idle') this.#state.sender.wake();
  }

  /** Stops sending until it is continued. */
  detach(): void {
    if (this.#state.is !== 'idle') this.#state.sender.stop();
    this.#state = { is: 'idle' };
  }

  #sender(channel: ClientChannel): PacedSender {
    return new PacedSender(
      channel,
      () => this.#step(),
      (error) => this.#app.host.report('send a sync table', error),
    );
  }

  #step(): boolean {
    const state = this.#state;
    if (state.is === 'loading') {
      this.#sendRows(state);
      return true;
    }
    return state.is === 'following' && this.#sendChanges(state);
  }

  #sendRows(state: Extract<State, { is: 'loading' }>): void {
    const { channel, sender, txId } = state;
    const batch = state.rows.slice(state.sent, state.sent + BATCH);
    state.sent += batch.length;
    const subscription = { 'subscription-id': this.id };
    if (batch.length > 0) {
      channel.send({ op: 'sync-load-batch', ...subscription, 'join-rows': batch, 'trace-id': null });
    } else {
      channel.send({ op: 'sync-init-finish', ...subscription, 'tx-id': txId, 'trace-id': null });
      this.#state = { is: 'following', channel, sender, txId };
    }
  }

  #sendChanges(state: Extract<State, { is: 'following' }>): boolean {
    if (!this.#history.reaches(state.txId)) {
      this.#startOver(state.channel);
      return false;
    }
    const { txes, upTo } = this.#history.after(state.txId, this.#etype, this.#app.data.catalog, BATCH);
    state.txId = upTo;
    if (txes.length === 0) return false;
    state.channel.send({ op: 'sync-update-triples', 'subscription-id': this.id, txes, 'trace-id': null });
    return true;
  }

  // The client starts over if the subscription cannot be continued; this error is the only message that makes it.
  #startOver(channel: ClientChannel): void {
    this.detach();
    channel.sendText(encodeError(historyIsGone(this.id), { op: 'resync-table', 'subscription-id': this.id }));
  }
}
