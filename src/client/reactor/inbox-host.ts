import { type Reactor, weakHash } from '@instantdb/core';
import type { ServerSession } from '../connection/server-session.ts';
import type { InboxHost } from '../messages/inbox.ts';
import type { LiveAnswers } from '../queries/live-answers.ts';
import type { ClientRooms } from '../rooms/client-rooms.ts';
import { discreetRefusal } from '../secrecy/discreet-refusal.ts';
import type { Reports } from '../secrecy/reports.ts';
import type { Confirmation } from '../writes/confirmations.ts';
import type { Writes } from '../writes/writes.ts';

/** What handles the server's messages besides core. */
export interface AroundInbox {
  readonly reports: Reports;
  readonly answers: LiveAnswers;
  readonly rooms: ClientRooms;
  readonly writes: Writes;
  readonly session: ServerSession;
}

/** Adapts core, and what stands in for it, to an {@link InboxHost}. `coreTakes` is core's own handler. */
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
