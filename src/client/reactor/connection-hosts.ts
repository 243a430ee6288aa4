import type { Reactor } from '@instantdb/core';
import type { ConnectorHost } from '../connection/connector.ts';
import type { ReconnectingHost } from '../connection/reconnecting.ts';
import type { ServerSession } from '../connection/server-session.ts';
import type { Timers } from '../timing/timers.ts';

type AroundConnector = Pick<ConnectorHost, 'driver' | 'ways' | 'send' | 'keepAlive' | 'attempts' | 'report'>;

/** Adapts core to a {@link ConnectorHost}. */
export function connectorHost(core: Reactor, around: AroundConnector): ConnectorHost {
  return {
    ...around,
    socketUrl: () => `${core.config.websocketURI}?app_id=${core.config.appId}`,
    eventStreamUrl: () => `${core.config.apiURI}/runtime/sse?app_id=${core.config.appId}`,
    eventSource: () => (core._transportType === 'sse' ? core._EventSource : undefined),
    transport: () => core._transport,
    attach: (made) => {
      core._transport = Object.assign(made as typeof core._transport, {
        onopen: core._transportOnOpen,
        onmessage: core._transportOnMessage,
        onclose: core._transportOnClose,
        onerror: core._transportOnError,
      });
    },
    isOnline: () => core._isOnline,
    isShutdown: () => core._isShutdown,
    isClosed: () => core.status === 'closed',
    resetDelay: () => {
      core._reconnectTimeoutMs = 0;
    },
    setStatus: (status) => core._setStatus(status, undefined),
    start: () => core._startSocket(),
  };
}

/** Adapts core to a {@link ReconnectingHost}. */
export function reconnectingHost(
  core: Reactor,
  { timers, session }: { timers: Timers; session: ServerSession },
): ReconnectingHost {
  return {
    timers,
    transport: () => core._transport,
    doSocketsWork: () => core._wsOk === true,
    isEventStream: () => core._transportType === 'sse',
    fallBack: () => {
      core._transportType = 'sse';
    },
    delayMs: () => core._reconnectTimeoutMs,
    setDelayMs: (ms) => {
      core._reconnectTimeoutMs = ms;
    },
    isRefused: () => session.isRefused,
    isOnline: () => core._isOnline,
    start: () => core._startSocket(),
  };
}
