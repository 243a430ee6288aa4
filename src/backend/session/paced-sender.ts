import type { ClientChannel } from './client-channel.ts';

/** How much a client may leave unread before sending pauses. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024;
/** When to check again whether it has caught up: no runtime reports when a socket has drained. */
const RETRY_MS = 10;

/**
 * Sends a client what is due as fast as it reads. Unsent data stays where it is stored, so a slow client costs no
 * memory.
 */
export class PacedSender {
  readonly #channel: ClientChannel;
  readonly #step: () => boolean;
  readonly #failed: (error: unknown) => void;
  #next: { is: 'idle' | 'soon' | 'stopped' } | { is: 'later'; timer: ReturnType<typeof setTimeout> } = {
    is: 'idle',
  };

  /**
   * @param step sends a chunk and returns whether there may be another.
   * @param failed is called when a step throws; the sender has stopped then.
   */
  constructor(channel: ClientChannel, step: () => boolean, failed: (error: unknown) => void) {
    this.#channel = channel;
    this.#step = step;
    this.#failed = failed;
  }

  /** Call this when there may be something to send. It is sent once the event loop has handled what is pending. */
  wake(): void {
    if (this.#next.is !== 'idle') return;
    this.#next = { is: 'soon' };
    setImmediate(() => this.#run());
  }

  /** Stops sending for good. */
  stop(): void {
    if (this.#next.is === 'later') clearTimeout(this.#next.timer);
    this.#next = { is: 'stopped' };
  }

  #run(): void {
    if (this.#next.is === 'stopped') return;
    this.#next = { is: 'idle' };
    try {
      while (this.#isRunning() && this.#step()) {
        if (this.#channel.bufferedAmount < HIGH_WATER_BYTES) continue;
        this.#next = { is: 'later', timer: setTimeout(() => this.#run(), RETRY_MS) };
        return;
      }
    } catch (error) {
      this.stop();
      this.#failed(error);
    }
  }

  // A step may stop or wake the sender.
  #isRunning(): boolean {
    return this.#next.is !== 'stopped';
  }
}
