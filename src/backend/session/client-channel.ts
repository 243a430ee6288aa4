import type { DownMessage } from '../../protocol/down.ts';
import type { ClientFeatures } from '../../protocol/features.ts';
import type { Actor } from '../permissions/actor.ts';
import type { DurableSender } from './durable-sender.ts';
import { encode } from './encode.ts';

/**
 * A session from the perspective of its rooms, sync tables and streams: whom it serves, and how to reach its client.
 */
export interface ClientChannel {
  readonly sessionId: string;
  readonly actor: Actor;
  readonly features: ClientFeatures;
  /** Bytes sent that the client has not received yet. */
  readonly bufferedAmount: number;
  send(message: DownMessage): void;
  /** Sends a message encoded in advance, for when many sessions get the same one. */
  sendText(text: string): void;
}

/** A channel that only sends what is durable. */
export function channelOf(
  whom: Pick<ClientChannel, 'sessionId' | 'actor' | 'features'>,
  sender: DurableSender,
): ClientChannel {
  return {
    ...whom,
    get bufferedAmount() {
      return sender.bufferedAmount;
    },
    send: (message) => sender.send(encode(message)),
    sendText: (text) => sender.send(text),
  };
}
