import type { AckWatch } from './ack-watch.ts';
import type { Outbox } from './outbox.ts';
import type { QueueView } from './queue-view.ts';
import type { WritePromises } from './write-promises.ts';

/** What it takes to take writes back. */
export interface TakingBackHost {
  readonly view: QueueView;
  readonly acks: AckWatch;
  readonly outbox: Outbox;
  readonly promises: WritePromises;
  /** Writes that were sent over the present connection, and not answered. */
  readonly inFlight: Set<string>;
  /** Tells live queries and subscribers of attributes that what they show may have changed. */
  tellSubscribers(): void;
  withoutSecrets(reason: Error): Error;
}

/** Takes the local change of a write back, sends it no more, and rejects its promise. */
export type TakeBack = (eventId: string, reason: Error) => void;

/** Makes what takes writes back. */
export function takingBack(host: TakingBackHost): TakeBack {
  const { view, acks, outbox, promises, inFlight } = host;
  return (eventId, reason) => {
    const waiting = promises.get(eventId);
    promises.delete(eventId);
    acks.settled(eventId);
    inFlight.delete(eventId);
    view.update((queue) => queue.delete(eventId));
    outbox.settled(eventId);
    host.tellSubscribers();
    waiting?.reject(host.withoutSecrets(reason));
  };
}
