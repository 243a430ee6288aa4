import type { SocketEvents } from '../contract.ts';

/** Events of a socket that can be hushed. */
export interface HushedEvents extends SocketEvents {
  /** From now on nothing is passed on but the end: the socket was told to close. */
  hush(): void;
}

/**
 * Keeps the promises of `SocketEvents` over a runtime's socket that does not: `ws` goes on delivering messages while it
 * waits for the peer's close frame, and a socket may tell of an error or an end more than once.
 */
export function hushed(events: SocketEvents): HushedEvents {
  let state: 'heard' | 'hushed' | 'ended' = 'heard';
  return {
    open() {
      if (state === 'heard') events.open();
    },
    message(text) {
      if (state === 'heard') events.message(text);
    },
    error(cause) {
      if (state === 'heard') events.error(cause);
    },
    close(code, reason) {
      if (state === 'ended') return;
      state = 'ended';
      events.close(code, reason);
    },
    hush() {
      if (state === 'heard') state = 'hushed';
    },
  };
}
