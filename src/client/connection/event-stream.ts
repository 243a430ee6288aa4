import { SSEConnection } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';
import type { EventStreamConnection } from '../core-internals/core-connections.ts';
import { conceal } from '../secrecy/conceal.ts';
import type { Transport } from './connector.ts';

/** Options for opening an event stream. */
export interface EventStreamOptions {
  url: string;
  /** Called for an event that is not JSON; the connection goes on. */
  onMalformed(cause: unknown): void;
}

/**
 * Opens core's connection over an event stream and corrects three faults of it. When the connection ends before the
 * server's greeting, core leaves its timer for that running, which would hold the process for ten seconds. An event
 * that is not JSON throws in its handler. And once closed, core still passes on what the `EventSource`, or the answer
 * to a post, brings.
 */
export function openEventStream(
  EventSource: unknown,
  { url, onMalformed }: EventStreamOptions,
): SSEConnection & Transport {
  const connection = Object.assign(new SSEConnection(EventSource as never, url), {
    kind: 'sse' as const,
    receivedBytes: () => undefined,
    bufferedBytes: () => 0,
    terminate: () => connection.close(),
  }) as SSEConnection & Transport;
  // The stream's token, and messages that wait to be sent.
  conceal(connection, 'initParams', 'sendQueue');
  const state = connection as unknown as EventStreamConnection;
  const close = state.handleClose.bind(state);
  state.handleClose = () => {
    clearTimeout(state.sseInitTimeout);
    connection.onopen = nothing;
    connection.onmessage = nothing;
    connection.onerror = nothing;
    close();
  };
  const take = (message: unknown): void => {
    if (isObject(message)) state.handleMessage(message);
    else connection.onmessage({ target: connection, message: message as never });
  };
  state.conn.onmessage = ({ data }) => {
    const event = parsed(data, onMalformed);
    for (const message of Array.isArray(event) ? event : event === undefined ? [] : [event]) take(message);
  };
  return connection;
}

function parsed(text: string, onMalformed: (cause: unknown) => void): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    onMalformed(cause);
    return undefined;
  }
}

function nothing(): void {}
