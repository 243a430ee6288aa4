import type { DownMessage } from '../../protocol/down.ts';
import type { ClientFeatures } from '../../protocol/features.ts';
import type { Actor } from '../permissions/actor.ts';
import type { Outbox } from './durable-sender.ts';
import { encode } from './encode.ts';

/** A session as its rooms, sync tables and streams see it: whom it serves, and how to speak to its client. */
export interface Wire {
  readonly sessionId: string;
  readonly actor: Actor;
  readonly features: ClientFeatures;
  /** Bytes that were sent and that the client has not taken yet. */
  readonly bufferedAmount: number;
  send(message: DownMessage): void;
  /** Sends a message that is encoded already, because many sessions get the same. */
  sendText(text: string): void;
}

/** A wire that sends by an outbox. */
export function wireOf(whom: Pick<Wire, 'sessionId' | 'actor' | 'features'>, outbox: Outbox): Wire {
  return {
    ...whom,
    get bufferedAmount() {
      return outbox.bufferedAmount;
    },
    send: (message) => outbox.send(encode(message)),
    sendText: (text) => outbox.send(text),
  };
}
