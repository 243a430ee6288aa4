import type { DownMessage } from '../../protocol/down.ts';
import type { ClientFeatures } from '../../protocol/features.ts';
import type { Actor } from '../permissions/actor.ts';
import type { DurableSender } from './durable-sender.ts';
import { encode } from './encode.ts';

/** A session as its rooms, sync tables and streams see it: whom it serves, and how to speak to its client. */
export interface ClientChannel {
  readonly sessionId: string;
  readonly actor: Actor;
  readonly features: ClientFeatures;
  /** Bytes that were sent and that the client has not taken yet. */
  readonly bufferedAmount: number;
  send(message: DownMessage): void;
  /** Sends a message that is encoded already, because many sessions get the same. */
  sendText(text: string): void;
}

/** A channel that sends what a crash could not take back. */
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
