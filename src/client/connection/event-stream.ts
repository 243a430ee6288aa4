import { SSEConnection } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';
import type { EventStreamConnection } from '../core-internals/core-connections.ts';
import { conceal } from '../secrecy/conceal.ts';

/** What an event stream is opened with. */
export interface EventStreamOptions {
  url: string;
  /** Called for an event that is not JSON; the connection goes on. */
  onMalformed(cause: unknown): void;
}

/**
 * Core's connection over an event stream. Core leaves its timer for the server's greeting running when the connection
 * ends before that, which would hold the process for ten seconds; it lets what is not JSON throw in the handler of the
 * event; and it passes on what an `EventSource`, or an answer to what it has posted, still brings after it was closed.
 */
export function openEventStream(
  EventSource: unknown,
  { url, onMalformed }: EventStreamOptions,
): SSEConnection {
  const connection = new SSEConnection(EventSource as never, url);
  // The token of the stream, and messages that wait to be sent.
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
