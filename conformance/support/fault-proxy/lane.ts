import type { Socket } from 'node:net';
import { FrameReader, type Piece } from './frame-reader.ts';
import type { LaneCounts, LaneFaults } from './lane-faults.ts';

/** What is read ahead of what has arrived, at most: then the sender has to wait. */
const HIGH_WATER = 65_536;
/** How often a slow lane lets something through. */
const TICK_MS = 10;
/** What a slow lane catches up when its timer was late, at most. */
const CATCH_UP_MS = 100;

/** What a {@link Lane} needs of the connection that it is one direction of. */
export interface LaneHost {
  readonly source: Socket;
  readonly sink: Socket;
  /** Read anew each time: a fault comes and goes while bytes are on their way. */
  faults(): LaneFaults;
  /** What to let through in the place of `piece`, and what to do once that has arrived. */
  judge(piece: Piece): { pieces: readonly Piece[]; then?: () => void };
  /** Something has arrived. */
  passed(counts: LaneCounts): void;
  /** The sender is gone, and the other side is to know. */
  sourceGone(): void;
}

type Waiting = { due: number } & (
  | { is: 'bytes'; bytes: Buffer; frames: number }
  | { is: 'call'; call(): void }
);

/** One direction of a connection: what it reads arrives in order, as late and as slowly as its faults have it. */
export class Lane {
  readonly counts: LaneCounts = { bytes: 0, frames: 0 };
  readonly reader: FrameReader = new FrameReader();
  readonly #host: LaneHost;
  readonly #queue: Waiting[] = [];
  #queuedBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isBlocked = false;
  #notBefore = 0;
  #swallows = false;

  constructor(host: LaneHost) {
    this.#host = host;
    const { source, sink } = host;
    source.on('data', (chunk: Buffer) => this.#read(chunk));
    source.on('end', () => this.#later(() => sink.end()));
    source.on('close', () => this.#later(() => host.sourceGone()));
    sink.on('drain', () => {
      this.#isBlocked = false;
      this.run();
    });
  }

  /** Goes on with what the faults, which may have changed, let through. */
  run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#queue.length > 0 && this.#mayGoOn()) this.#step();
    if (this.#queuedBytes < HIGH_WATER && this.#host.source.isPaused()) this.#host.source.resume();
  }

  /** From now on it takes everything, and nothing of it arrives. */
  swallow(): void {
    this.#swallows = true;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.run();
  }

  #read(chunk: Buffer): void {
    if (this.#swallows) return;
    const due = Date.now() + this.#host.faults().latencyMs;
    for (const piece of this.reader.push(chunk)) {
      const { pieces, then } = this.#host.judge(piece);
      for (const { bytes, endsFrame } of pieces) {
        this.#queue.push({ is: 'bytes', bytes, frames: endsFrame ? 1 : 0, due });
        this.#queuedBytes += bytes.length;
      }
      if (then) this.#queue.push({ is: 'call', call: then, due });
    }
    if (this.#queuedBytes >= HIGH_WATER) this.#host.source.pause();
    this.run();
  }

  #later(call: () => void): void {
    if (this.#swallows) return;
    this.#queue.push({ is: 'call', call, due: Date.now() + this.#host.faults().latencyMs });
    this.run();
  }

  #mayGoOn(): boolean {
    if (this.#host.faults().isHeld || this.#isBlocked || this.#timer) return false;
    const waitMs = Math.max(this.#queue[0]?.due ?? 0, this.#notBefore) - Date.now();
    if (waitMs <= 0) return true;
    this.#timer = setTimeout(() => this.run(), waitMs);
    return false;
  }

  #step(): void {
    const first = this.#queue[0];
    if (first?.is !== 'bytes') {
      this.#queue.shift();
      first?.call();
      return;
    }
    const { bytesPerSecond, chunkBytes } = this.#host.faults();
    const share = Math.max(1, Math.floor((bytesPerSecond * TICK_MS) / 1_000));
    const length = Math.min(first.bytes.length, share, chunkBytes);
    const isLast = length === first.bytes.length;
    this.#deliver(first.bytes.subarray(0, length), isLast ? first.frames : 0);
    if (isLast) this.#queue.shift();
    else first.bytes = first.bytes.subarray(length);
    if (bytesPerSecond !== Number.POSITIVE_INFINITY) {
      this.#notBefore =
        Math.max(this.#notBefore, Date.now() - CATCH_UP_MS) + (length * 1_000) / bytesPerSecond;
    } else if (chunkBytes !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.run(), 0);
  }

  #deliver(bytes: Buffer, frames: number): void {
    const { sink, passed } = this.#host;
    this.#queuedBytes -= bytes.length;
    if (!sink.writable) return;
    this.#isBlocked = !sink.write(bytes);
    this.counts.bytes += bytes.length;
    this.counts.frames += frames;
    passed({ bytes: bytes.length, frames });
  }
}
