import { type Reactor, weakHash } from '@instantdb/core';
import type { ServerSession } from '../connection/server-session.ts';
import type { InboxHost } from '../messages/inbox.ts';
import type { LiveAnswers } from '../queries/live-answers.ts';
import type { ClientRooms } from '../rooms/client-rooms.ts';
import { discreetRefusal } from '../secrecy/discreet-refusal.ts';
import type { Reports } from '../secrecy/reports.ts';
import type { Confirmation } from '../writes/confirmations.ts';
import type { Writes } from '../writes/writes.ts';

/** Who takes the messages of the server, beside core. */
export interface AroundInbox {
  readonly reports: Reports;
  readonly answers: LiveAnswers;
  readonly rooms: ClientRooms;
  readonly writes: Writes;
  readonly session: ServerSession;
}

/** Core, and what stands in for it, as messages are shared out. `coreTakes` is what core does where it is not overridden. */
export function inboxHost(
  core: Reactor,
  { reports, answers, rooms, writes, session }: AroundInbox,
  coreTakes: (connectionId: string, message: object) => void,
): InboxHost {
  const isDate = (attrId: string): boolean => core.attrs?.getAttr(attrId)?.['checked-data-type'] === 'date';
  return {
    holdsDates: () => (core.config.useDateObjects ? isDate : undefined),
    unanswered: (q) => answers.fail(weakHash(q)),
    report: (error) => reports.report(error),
    heard: () => writes.acks.heard(),
    log: (connectionId, message) => core._log.info('[receive]', connectionId, message.op, message),
    confirm: (message) => writes.confirm(message as unknown as Confirmation),
    takeInRoom: (frame) => rooms.receive(frame),
    coreTakes: (connectionId, message) => {
      const isRefusal = message.op === 'error';
      coreTakes(
        connectionId,
        isRefusal ? discreetRefusal(message, (value) => reports.withoutSecrets(value)) : message,
      );
    },
    coreTook: () => writes.view.reveal(),
    begun: () => rooms.rejoin(),
    refuseSession: (refusal) => session.refuse(refusal),
    refuseRoom: (roomId, refusal) => rooms.refused(roomId, refusal),
    refuse: (refusal) => writes.sender.refused(refusal),
  };
}
