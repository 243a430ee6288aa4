import type { ClientChannel } from './client-channel.ts';

/** How much a client may leave unread before it is given time to read. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024;
/** When to look again whether it has: no runtime tells when a socket has drained. */
const RETRY_MS = 10;

/**
 * Sends a client what there is to send, as fast as it reads. What is not sent yet stays where it is, so a client that
 * is slow costs no memory.
 */
export class PacedSender {
  readonly #channel: ClientChannel;
  readonly #step: () => boolean;
  readonly #failed: (error: unknown) => void;
  #next: { is: 'idle' | 'soon' | 'stopped' } | { is: 'later'; timer: ReturnType<typeof setTimeout> } = {
    is: 'idle',
  };

  /**
   * @param step sends a piece and says whether there may be another.
   * @param failed is told when a step throws; the sender has stopped then.
   */
  constructor(channel: ClientChannel, step: () => boolean, failed: (error: unknown) => void) {
    this.#channel = channel;
    this.#step = step;
    this.#failed = failed;
  }

  /** There may be something to send. It is sent after what the event loop has at hand. */
  wake(): void {
    if (this.#next.is !== 'idle') return;
    this.#next = { is: 'soon' };
    setImmediate(() => this.#run());
  }

  /** Sends nothing any more. */
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

  // A step may end in a stop, or in a wake.
  #isRunning(): boolean {
    return this.#next.is !== 'stopped';
  }
}
