import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { AckWatch } from './ack-watch.ts';
import type { Outbox } from './outbox.ts';
import type { QueueView } from './queue-view.ts';
import { tellWrite } from './told-writes.ts';
import type { WritePromises } from './write-promises.ts';

/** What {@link takingBack} needs to know and to do. */
export interface TakingBackHost {
  readonly diagnostics: Diagnostics;
  readonly view: QueueView;
  readonly acks: AckWatch;
  readonly outbox: Outbox;
  readonly promises: WritePromises;
  /** Writes that were sent over the current connection and not answered. */
  readonly inFlight: Set<string>;
  /** Notifies live queries and subscribers of attributes that what they show may have changed. */
  tellSubscribers(): void;
  withoutSecrets(reason: Error): Error;
}

/** Takes a write's local change back, does not send it again, and rejects its promise. */
export type TakeBack = (eventId: string, reason: Error) => void;

/** Makes the function that takes writes back. */
export function takingBack(host: TakingBackHost): TakeBack {
  const { diagnostics, view, acks, outbox, promises, inFlight } = host;
  return (eventId, reason) => {
    const waiting = promises.get(eventId);
    tellWrite(diagnostics, 'taken-back', [eventId, view.queue.get(eventId)], { error: reason });
    promises.delete(eventId);
    acks.settled(eventId);
    inFlight.delete(eventId);
    view.update((queue) => queue.delete(eventId));
    outbox.settled(eventId);
    host.tellSubscribers();
    waiting?.reject(host.withoutSecrets(reason));
  };
}
