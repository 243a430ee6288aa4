import type { Reactor } from '@instantdb/core';
import type { ConnectorHost, Transport } from '../connection/connector.ts';
import type { LifecycleHost } from '../connection/lifecycle-host.ts';
import type { ServerSession } from '../connection/server-session.ts';

type AroundConnector = Pick<
  ConnectorHost,
  'driver' | 'ways' | 'send' | 'keepAlive' | 'attempts' | 'choice' | 'watcher' | 'report'
>;

/** Adapts core to a {@link ConnectorHost}. */
export function connectorHost(core: Reactor, around: AroundConnector): ConnectorHost {
  return {
    ...around,
    socketUrl: () => `${core.config.websocketURI}?app_id=${core.config.appId}`,
    eventStreamUrl: () => `${core.config.apiURI}/runtime/sse?app_id=${core.config.appId}`,
    eventSource: () => core._EventSource,
    transport: () => core._transport as unknown as Transport,
    attach: (made) => {
      core._transport = Object.assign(made as typeof core._transport, {
        onopen: core._transportOnOpen,
        onmessage: core._transportOnMessage,
        onclose: core._transportOnClose,
        onerror: core._transportOnError,
      });
    },
  };
}

type AroundLifecycle = Omit<
  LifecycleHost,
  | 'transport'
  | 'send'
  | 'isOnline'
  | 'isShutdown'
  | 'isRefused'
  | 'refusal'
  | 'asksAnew'
  | 'refuse'
  | 'setStatus'
>;

/** Adapts core to a {@link LifecycleHost}. */
export function lifecycleHost(
  core: Reactor,
  { session, ...around }: AroundLifecycle & { session: ServerSession },
): LifecycleHost {
  return {
    ...around,
    transport: () => core._transport as unknown as Transport,
    send: (message, eventId) => core._trySend(eventId, message, undefined),
    isOnline: () => core._isOnline,
    isShutdown: () => core._isShutdown,
    isRefused: () => session.isRefused,
    refusal: () => session.refusal,
    asksAnew: () => session.asksAnew(),
    refuse: (refusal) => session.refuse({ ...refusal, ...{ 'original-event': { op: 'init' } } }),
    setStatus: (status) => core._setStatus(status, undefined),
  };
}
