import type { SSEConnection } from '@instantdb/core';
import type { Whys } from './whys.ts';

/** Core's `SSEConnection`, most of which it declares private. */
export interface EventStreamConnection {
  sseInitTimeout: ReturnType<typeof setTimeout> | undefined;
  initParams: unknown;
  sendQueue: unknown[];
  conn: { onmessage: ((event: MessageEvent) => void) | null };
  handleClose(): void;
  handleMessage(message: object): void;
}

type OfEventStreams =
  | keyof EventStreamConnection
  | 'onopen'
  | 'onmessage'
  | 'onclose'
  | 'onerror'
  | 'constructor'
  | 'handleError'
  | 'postMessages'
  | 'flushQueue'
  | 'closeFired'
  | (keyof SSEConnection & ('send' | 'close' | 'isOpen' | 'isConnecting'));

/** Why members of core's `SSEConnection` matter here; read only by a test. */
export const sseConnectionWhys: Required<Whys<OfEventStreams>> = {
  constructor: 'called: begins the timer for the greeting, and listens by `conn`',
  sseInitTimeout: 'read: the timer for the greeting, which outlives the connection',
  initParams: 'hidden: the token of the stream',
  sendQueue: 'hidden: what waits to be sent, a token among it',
  closeFired: 'relied upon: `onclose` is called once',
  conn: 'read and written: the `EventSource`, whose events we parse',
  onopen: 'written: nothing of a closed connection is heard',
  onmessage: 'written and called: nothing of a closed connection is heard',
  onclose: 'relied upon: is called by `handleClose`',
  onerror: 'written: nothing of a closed connection is heard',
  handleMessage: 'called: takes the greeting, and hands on the rest',
  handleError: 'relied upon: ends in `handleClose`',
  handleClose: 'replaced and called: every way to the end goes through it',
  postMessages: 'relied upon: what cannot be posted ends in `handleError`',
  flushQueue: 'relied upon: never rejects',
  send: 'called: throws when there is no stream',
  close: 'called: ends in `handleClose`',
  isOpen: 'called: says no before the greeting',
  isConnecting: 'called: says yes until the greeting',
};

/** Why members of core's `WSConnection` matter here; read only by a test. Core does not export the class. */
export const wsConnectionWhys: Whys<string> = {
  constructor: 'stood in for: which callbacks are called with what',
  type: 'stood in for: tells core whether a WebSocket worked',
  conn: 'stood in for: the socket, under core’s name',
  id: 'stood in for: what core logs',
  send: 'stood in for: what is sent is made JSON',
  close: 'stood in for: ours is over at once',
  isOpen: 'stood in for: whether anything can be sent',
  isConnecting: 'stood in for: whether another connection is needed',
};
