import { SSEConnection } from '@instantdb/core';
import { conceal } from './conceal.ts';

/** The parts of core's `SSEConnection` that it declares private. */
interface SseState {
  sseInitTimeout: ReturnType<typeof setTimeout> | undefined;
  handleClose(): void;
}

/**
 * Core's connection over an event stream. Core leaves its timer for the server's greeting running when the connection
 * ends before that, which would hold the process for ten seconds.
 */
export function openEventStream(EventSource: unknown, url: string): SSEConnection {
  const connection = new SSEConnection(EventSource as never, url);
  // The token of the stream, and messages that wait to be sent.
  conceal(connection, 'initParams', 'sendQueue');
  const state = connection as unknown as SseState;
  const close = state.handleClose.bind(state);
  state.handleClose = () => {
    clearTimeout(state.sseInitTimeout);
    close();
  };
  return connection;
}
