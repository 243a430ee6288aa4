import type { SocketEvents } from '../contract.ts';

/** Events of a socket that can be silenced. */
export interface HushedEvents extends Required<SocketEvents> {
  /** From now on only `close` is passed on: the socket was told to close. */
  hush(): void;
}

/**
 * Enforces the contract of `SocketEvents` over a runtime's socket that does not keep it: `ws` still delivers messages
 * while it waits for the peer's close frame, and a socket may report an error or its end more than once.
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
    alive() {
      if (state === 'heard') events.alive?.();
    },
    error(cause, refusal) {
      if (state === 'heard') events.error(cause, refusal);
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
