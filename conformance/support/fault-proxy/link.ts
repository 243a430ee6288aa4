import type { Socket } from 'node:net';
import { Lane } from './lane.ts';
import type { Direction, LaneCounts, LaneFaults } from './lane-faults.ts';
import { type Judged, judge, type Rule } from './rule.ts';
import { Signal } from './signal.ts';

/** What a {@link Link} needs of the proxy. */
export interface LinkHost {
  faults(direction: Direction): LaneFaults;
  rule(): Rule;
  passed(direction: Direction, counts: LaneCounts): void;
}

/** One connection through the proxy. */
export class Link {
  readonly #client: Socket;
  readonly #backend: Socket | undefined;
  readonly #host: LinkHost;
  readonly #lanes: Record<Direction, Lane> | undefined;
  readonly #signal: Signal = new Signal();
  readonly #gone: Set<Socket> = new Set();
  #isGhost = false;

  /** Without a backend the client's bytes are taken, and nothing ever comes back. */
  constructor(client: Socket, backend: Socket | undefined, host: LinkHost) {
    this.#client = client;
    this.#backend = backend;
    this.#host = host;
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      // What ends with an error also closes.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#gone.add(socket);
        this.#signal.notify();
      });
    }
    if (backend)
      this.#lanes = { up: this.#lane('up', client, backend), down: this.#lane('down', backend, client) };
    else client.resume();
  }

  get isWebSocket(): boolean {
    return this.#lanes?.up.reader.isWebSocket ?? false;
  }

  /** Whether either side still has its connection. */
  get isOpen(): boolean {
    return this.#gone.size < this.#sockets.length;
  }

  /** What has arrived. */
  counts(direction: Direction): Readonly<LaneCounts> {
    return this.#lanes?.[direction].counts ?? { bytes: 0, frames: 0 };
  }

  /** Resolves once that much has arrived, in all. */
  passed(direction: Direction, { bytes = 0, frames = 0 }: Partial<LaneCounts>): Promise<void> {
    return this.#signal.until(() => {
      const counts = this.counts(direction);
      return counts.bytes >= bytes && counts.frames >= frames;
    });
  }

  /** Resolves once the connections of both sides are gone. */
  closed(): Promise<void> {
    return this.#signal.until(() => !this.isOpen);
  }

  /** Resets it for both sides, in the middle of whatever they do. */
  reset(): void {
    for (const socket of this.#sockets) resetSocket(socket);
  }

  /** One side is gone and silent: it loses its connection, and the other hears nothing of that, nor of anything. */
  vanish(side: 'client' | 'server'): void {
    if (!this.#lanes || !this.#backend) return;
    this.#isGhost = true;
    for (const lane of Object.values(this.#lanes)) lane.swallow();
    resetSocket(side === 'client' ? this.#client : this.#backend);
  }

  /** Who still believes in a side that vanished, or never spoke, learns better: by its next packet, but here at once. */
  heal(): void {
    if (this.#isGhost || !this.#lanes) this.reset();
  }

  /** The faults have changed. */
  run(): void {
    for (const lane of Object.values(this.#lanes ?? {})) lane.run();
  }

  get #sockets(): Socket[] {
    return this.#backend ? [this.#client, this.#backend] : [this.#client];
  }

  #lane(direction: Direction, source: Socket, sink: Socket): Lane {
    return new Lane({
      source,
      sink,
      faults: () => this.#host.faults(direction),
      judge: (piece) => this.#carryOut(judge(this.#host.rule(), direction, piece, this)),
      passed: (counts) => {
        this.#host.passed(direction, counts);
        this.#signal.notify();
      },
      sourceGone: () => finish(sink),
    });
  }

  #carryOut({ pieces, end }: Judged): ReturnType<ConstructorParameters<typeof Lane>[0]['judge']> {
    if (end === 'now') this.reset();
    if (end !== 'after') return { pieces };
    const then = (): void => {
      // Not a reset for the client: with that it might lose what has just arrived.
      this.#client.end();
      if (this.#backend) resetSocket(this.#backend);
    };
    return { pieces, then };
  }
}

/** Ends a socket, once it has got rid of what was written to it. */
function finish(socket: Socket): void {
  if (socket.destroyed || socket.writableFinished) socket.destroy();
  else if (socket.writableEnded) socket.once('finish', () => socket.destroy());
  else socket.end(() => socket.destroy());
}

function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (typeof socket.resetAndDestroy === 'function' && !socket.connecting) socket.resetAndDestroy();
  else socket.destroy();
}
