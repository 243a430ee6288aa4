import type { Whys } from './whys.ts';

/** Why members of core's `SSEConnection` matter here; read only by a test. Ours takes its place. */
export const sseConnectionWhys: Whys<string> = {
  constructor: 'stood in for: which callbacks are called with what, and how long the greeting may take',
  type: 'stood in for: tells core that it is no WebSocket',
  id: 'stood in for: what core logs',
  handleMessage: 'stood in for: what the greeting says, and what is handed on',
  postMessages: 'stood in for: what the server is sent',
  flushQueue: 'stood in for: one post at a time',
  send: 'stood in for: what is sent is made JSON',
  close: 'stood in for: ours is over at once',
  isOpen: 'stood in for: says no before the greeting',
  isConnecting: 'stood in for: says yes until the greeting',
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
