import { id, type Reactor } from '@instantdb/core';
import type { SocketDriver, Ways } from '../../drivers/contract.ts';
import { createSend } from '../../drivers/requests/send.ts';
import { InstantNodeError } from '../../errors.ts';
import { GuardedCallbacks } from '../calls/guarded-callbacks.ts';
import type { ResolvedConnection } from '../config/connection-config.ts';
import type { CoreConfig } from '../config/node-config.ts';
import { Connector } from '../connection/connector.ts';
import { doesHttpAnswer } from '../connection/does-http-answer.ts';
import { FailedAttempts } from '../connection/failed-attempts.ts';
import { hostKey } from '../connection/host-key.ts';
import { gateOf } from '../connection/hosts.ts';
import { Lifecycle } from '../connection/lifecycle.ts';
import { processPulse } from '../connection/pulse.ts';
import { ServerSession } from '../connection/server-session.ts';
import { SessionRequests } from '../connection/session-requests.ts';
import { TransportChoice } from '../connection/transport-choice.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { ShownWrites } from '../engine/shown-writes.ts';
import { Inbox } from '../messages/inbox.ts';
import { DatabaseFlusher } from '../persisted/database-flusher.ts';
import { LiveAnswers } from '../queries/live-answers.ts';
import { OneTimeQueries } from '../queries/one-time-queries.ts';
import { PacedAnswers } from '../queries/paced-answers.ts';
import { QueryCache } from '../queries/query-cache.ts';
import { ClientRooms } from '../rooms/client-rooms.ts';
import type { Reports } from '../secrecy/reports.ts';
import type { Persistence } from '../storage/persistence.ts';
import { ClientStreams } from '../streams/client-streams.ts';
import { clockOf } from '../timing/clock.ts';
import { Timers } from '../timing/timers.ts';
import { CurrentUser } from '../users/current-user.ts';
import { Writes } from '../writes/writes.ts';
import { connectorHost, lifecycleHost } from './connection-hosts.ts';
import { CoreOptions } from './core-options.ts';
import { inboxHost } from './inbox-host.ts';
import { mendSaved } from './mend-saved.ts';
import { replaceCalls } from './own-calls.ts';
import { oneTimeQueriesHost, queriesHost } from './query-hosts.ts';
import { type CoresSession, sessionHost } from './session-host.ts';
import { currentUserHost } from './user-host.ts';
import { type CoresWrites, writesHost } from './writes-host.ts';

/** What the parts are made from. */
export interface PartsOptions {
  core: CoreConfig;
  reports: Reports;
  diagnostics: Diagnostics;
  persistence: Persistence;
  /** Whether a promise resolves as `enqueued` only once the write is in the storage. */
  strict: boolean;
  socket: SocketDriver;
  ways: Ways;
  keepAlive: boolean;
  connection: ResolvedConnection;
}

/** Core's own versions of overridden methods. */
export interface Supers {
  writes: CoresWrites;
  session: CoresSession;
  askOffline(query: object): Promise<unknown>;
  receive(connectionId: string, message: object): void;
}

/** What a reactor consists of besides core. */
export interface Parts {
  /** The app and its server. */
  readonly place: { readonly appId: string; readonly apiURI: string };
  readonly reports: Reports;
  readonly diagnostics: Diagnostics;
  readonly timers: Timers;
  readonly options: CoreOptions;
  readonly session: ServerSession;
  readonly connector: Connector;
  readonly lifecycle: Lifecycle;
  readonly requests: SessionRequests;
  readonly inbox: Inbox;
  readonly user: CurrentUser;
  readonly cache: QueryCache;
  readonly answers: LiveAnswers;
  readonly paced: PacedAnswers;
  readonly once: OneTimeQueries;
  readonly writes: Writes;
  readonly shown: ShownWrites;
  readonly rooms: ClientRooms;
  readonly streams: ClientStreams;
  readonly flusher: DatabaseFlusher;
  readonly callbacks: GuardedCallbacks;
}

/**
 * Makes the parts of a reactor, from the ground up. Parts that need each other get a function: none is called before
 * all of them exist.
 */
// Long because it is a list: each part with what it gets from core, by way of the files here, and from other parts.
export function makeParts(core: Reactor, options: PartsOptions, supers: Supers): Parts {
  const { reports, diagnostics, persistence, keepAlive, socket: driver, ways, connection } = options;
  const send = createSend(ways);
  const { appId, apiURI, websocketURI, __adminToken } = options.core;
  const place = { appId, apiURI };
  const report = (error: InstantNodeError): void => reports.report(error);
  const saved = mendSaved(core);
  const timers = new Timers(keepAlive);
  const attempts = new FailedAttempts(websocketURI, report);
  const cache = new QueryCache(core.querySubs, {
    limit: core.queryCacheLimit,
    isInUse: (hash) => core._hasQueryListeners(hash),
    timers,
  });
  const answers = new LiveAnswers(queriesHost(core, { diagnostics, report }));
  const rooms = new ClientRooms({
    isOpen: () => core.status === 'authenticated' && core._transport.isOpen(),
    send: (message) => core._trySendAuthed(id(), message),
    isHolding: () => lifecycle.wayBack.isHolding,
    sessionId: () => core._sessionId,
    report: (problem) => report(new InstantNodeError('protocol', `Ignored what the server sent: ${problem}`)),
  });
  const around = {
    ...{ persistence, timers, reports, diagnostics, isStrict: options.strict, limits: connection },
    session: () => session,
    lifecycle: () => lifecycle,
  };
  const writes = new Writes(writesHost(core, around, supers.writes));
  const session: ServerSession = new ServerSession(
    sessionHost(
      core,
      { timers, attempts, place, reports, rooms, writes, once: () => once, lifecycle: () => lifecycle },
      supers.session,
    ),
  );
  const clock = clockOf(timers);
  const choice = new TransportChoice({
    clock,
    webSocketRetryMs: connection.webSocketRetryMs,
    // The host that refuses WebSockets, which need not be that of the HTTP API.
    doesHttpAnswer: () => {
      const { origin } = new URL(`http${websocketURI.slice('ws'.length)}`);
      return doesHttpAnswer(origin, send, AbortSignal.timeout(connection.connectTimeoutMs));
    },
    changed: () => lifecycle.changeOver(),
    unchanged: () => lifecycle.stay(),
  });
  const connector: Connector = new Connector(
    connectorHost(core, {
      attempts,
      keepAlive,
      driver,
      ways,
      send,
      report,
      choice,
      watcher: () => lifecycle,
    }),
  );
  const { WebSocket } = connection;
  const reached = { websocketURI, route: ways.to(websocketURI), driver, WebSocket };
  const host = gateOf(hostKey(reached), connection);
  const lifecycle: Lifecycle = new Lifecycle(
    lifecycleHost(core, {
      ...{
        times: connection,
        clock,
        pulse: processPulse,
        gate: host.gate,
        attempts,
        diagnostics,
        report,
        session,
        choice,
      },
      connect: (beside) => connector.open(beside),
      openBeside: (events) => connector.openBeside(events),
      isWriteUnanswered: () => writes.sender.outbox.unanswered().length > 0,
      resume: () => {
        writes.sender.outbox.proceed();
        rooms.proceed();
      },
      release: () => host.release(),
      sessionEnded: (end) => writes.ended(end),
      sentBytes: () => connector.traffic.sentBytes,
    }),
  );
  const once: OneTimeQueries = new OneTimeQueries(
    oneTimeQueriesHost(core, {
      ...{ timers, diagnostics, attempts, session, askOffline: supers.askOffline },
      suspectSilence: () => lifecycle.suspect(),
    }),
  );
  const inbox = new Inbox(inboxHost(core, { reports, answers, rooms, writes, session }, supers.receive));
  const paced = new PacedAnswers(timers, {
    waitingWrites: () => persistence.queue.waiting,
    isAwaited: (hash) => core._hasQueryListeners(hash),
    isRefreshing: () => inbox.isRefreshing,
    tell: (hash) => answers.tell(hash),
  });
  const flusher = new DatabaseFlusher({
    ...{ persistence, saved, keepAlive },
    settleAnswers: () => cache.settle(),
    isLost: () => session.failure !== undefined,
  });
  persistence.connect({
    report,
    failed: (error) => session.fail(error),
    foreign: (foreign) => writes.refused.tellForeign(foreign),
  });
  if (keepAlive) timers.hold();
  if (ways.areOwn) replaceCalls(core, send);
  return {
    ...{
      place,
      reports,
      diagnostics,
      timers,
      cache,
      answers,
      rooms,
      writes,
      session,
      connector,
      lifecycle,
      once,
      inbox,
      paced,
      flusher,
    },
    callbacks: new GuardedCallbacks(),
    options: new CoreOptions(core, reports, cache),
    requests: new SessionRequests(__adminToken),
    shown: new ShownWrites(),
    streams: new ClientStreams(core._instantStream),
    user: new CurrentUser(currentUserHost(core, session)),
  };
}
