import type { Reactor } from '@instantdb/core';
import type { Lifecycle } from '../connection/lifecycle.ts';
import type { ServerSession, SessionHost, Status } from '../connection/server-session.ts';
import type { OneTimeQueries } from '../queries/one-time-queries.ts';
import { asQueryError } from '../refusals/session-refused.ts';
import type { ClientRooms } from '../rooms/client-rooms.ts';
import type { Reports } from '../secrecy/reports.ts';
import type { Writes } from '../writes/writes.ts';

/** What the session needs from the reactor besides core. */
export interface AroundSession extends Pick<SessionHost, 'timers' | 'attempts' | 'place'> {
  readonly reports: Reports;
  readonly rooms: ClientRooms;
  readonly writes: Writes;
  once(): OneTimeQueries;
  lifecycle(): Lifecycle;
}

/** Core's own versions of overridden methods. */
export interface CoresSession {
  setStatus(status: Status, said: unknown): void;
  listen(callback: () => void): () => void;
}

/** Adapts core to a {@link SessionHost}. */
export function sessionHost(core: Reactor, around: AroundSession, supers: CoresSession): SessionHost {
  const { timers, attempts, place, reports, rooms, writes, once, lifecycle } = around;
  const tellQueries = (error: Parameters<ServerSession['fail']>[0]): void => {
    for (const hash of Object.keys(core.queryCbs)) core.notifyQueryError(hash, asQueryError(error));
  };
  return {
    ...{ timers, attempts, place, tellQueries },
    status: () => core.status as Status,
    isOnline: () => core._isOnline,
    isShutdown: () => core._isShutdown,
    shutDown: () => {
      core._isShutdown = true;
    },
    said: () => core._errorMessage,
    say: (said) => {
      core._errorMessage = said as never;
    },
    accepted: () => lifecycle().accepted(),
    coreSetsStatus: (status, said) => {
      if (status === 'closed' && !core._isOnline) lifecycle().offline();
      supers.setStatus(status, said);
      if (status === 'closed' || status === 'errored') writes.sender.end();
    },
    coreRefuses: (refusal) => writes.sender.refused(refusal),
    listen: supers.listen,
    closeConnection: () => core._transport.close(),
    left: () => rooms.disconnected(),
    changed: () => writes.delivery.changed(),
    refused: (error) => {
      writes.undelivered.sessionRefused(error);
      tellQueries(error);
    },
    rejectQueries: (error) => once().rejectAll(error),
    endWrites: (error) => void writes.undelivered.end(error),
    report: (error) => reports.report(error),
    withoutSecrets: (error) => reports.withoutSecrets(error),
  };
}
