import type { Liveness } from './contract.ts';

/** The part of a runtime's socket that is needed to monitor and end it. */
export interface Connection {
  close(code: number, reason: string): void;
  /** Drops the connection without a handshake. */
  terminate(): void;
  ping(): void;
}

const CLOSE_GRACE_MS = 1_000;

/** How long a server without peers may take to stop, in milliseconds. */
export const STOP_LIMIT_MS = 1_000;

/** The open peers of one listener: drops the silent ones, and closes all of them with the listener. */
export class PeerSet {
  readonly #unanswered = new Map<Connection, number>();
  readonly #liveness: Liveness;
  readonly #timer: ReturnType<typeof setInterval>;
  #emptied: (() => void) | undefined;

  constructor(liveness: Liveness) {
    this.#liveness = liveness;
    this.#timer = setInterval(() => this.#beat(), liveness.pingMs);
  }

  add(connection: Connection): void {
    this.#unanswered.set(connection, 0);
  }

  /** Records a sign of life from the peer: a message or a pong. */
  heard(connection: Connection): void {
    if (this.#unanswered.has(connection)) this.#unanswered.set(connection, 0);
  }

  delete(connection: Connection): void {
    this.#unanswered.delete(connection);
    if (this.#unanswered.size === 0) this.#emptied?.();
  }

  /** Ends every peer: with a closing handshake, or without one if it does not take part in it. */
  async close(code: number, reason: string): Promise<void> {
    clearInterval(this.#timer);
    if (this.#unanswered.size === 0) return;
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    for (const connection of [...this.#unanswered.keys()]) connection.close(code, reason);
    await within(emptied, CLOSE_GRACE_MS);
    for (const connection of [...this.#unanswered.keys()]) connection.terminate();
  }

  #beat(): void {
    for (const [connection, unanswered] of [...this.#unanswered]) {
      if (unanswered >= this.#liveness.unanswered) {
        connection.terminate();
        continue;
      }
      this.#unanswered.set(connection, unanswered + 1);
      connection.ping();
    }
  }
}

/** Resolves when `work` settles, or after `ms` at the latest. Never rejects. */
export async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, limit]);
  } catch {
    // The caller only waits for the end, whatever the outcome.
  } finally {
    clearTimeout(timer);
  }
}
