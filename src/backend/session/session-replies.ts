import type { DownMessage } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { AppHost } from '../app/app-host.ts';
import { DurableSender } from './durable-sender.ts';
import { encode, encodeError } from './encode.ts';
import type { SessionPeer } from './session-peer.ts';

/** Sends one session's replies, through a sender that waits until they are durable. */
export class SessionReplies {
  readonly sessionId: string;
  readonly sender: DurableSender;
  readonly #report: AppHost['report'];

  constructor(
    sessionId: string,
    peer: SessionPeer,
    { persistence, report }: Pick<AppHost, 'persistence' | 'report'>,
  ) {
    this.sessionId = sessionId;
    this.sender = new DurableSender(peer, persistence);
    this.#report = report;
  }

  /** Sends a message. */
  send(message: DownMessage): void {
    this.sender.send(encode(message));
  }

  /** Sends a message that is already encoded. */
  sendText(text: string): void {
    this.sender.send(text);
  }

  /** Reports what is wrong with an event; null for something that is not an event at all. */
  sendError(error: unknown, event: JsonObject | null): void {
    if (!(error instanceof ServerError)) this.#report('answer an event', error);
    const original = event && { ...event, 'session-id': this.sessionId, 'trace-id': null };
    this.sender.send(encodeError(error, original));
  }
}
