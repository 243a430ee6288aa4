import { connect, type Socket } from 'node:net';

/** How a peer was refused or ended: the status of its handshake, or the code and reason of a close. */
export interface RawEnd {
  readonly status?: number;
  readonly code?: number;
  readonly reason?: string;
}

/** A peer that shakes hands and says what it is told to, byte by byte: it answers no ping, and closes nothing. */
export class RawPeer {
  readonly #socket: Socket;
  /** The status of the handshake. */
  readonly status: number;
  #rest: Buffer;
  readonly #frames: { opcode: number; payload: Buffer }[] = [];
  #wake: () => void = () => {};

  private constructor(socket: Socket, status: number, rest: Buffer) {
    this.#socket = socket;
    this.status = status;
    this.#rest = rest;
    socket.on('data', (data: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, data]);
      this.#parse();
    });
    this.#parse();
  }

  /** Shakes hands for an address that begins with `ws:`. */
  static async dial(uri: string): Promise<RawPeer> {
    const { hostname, port, pathname } = new URL(uri);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    const lines = [`GET ${pathname} HTTP/1.1`, `Host: ${hostname}:${port}`, 'Upgrade: websocket'];
    const keys = [
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ];
    socket.write([...lines, ...keys, '', ''].join('\r\n'));
    const first = await new Promise<Buffer>((resolve) =>
      socket.once('data', (data: Buffer) => resolve(data)),
    );
    const end = first.indexOf('\r\n\r\n') + 4;
    return new RawPeer(socket, Number(first.subarray(9, 12)), first.subarray(end));
  }

  /** Sends a text message, with a mask that changes nothing. */
  send(text: string): void {
    const payload = Buffer.from(text);
    const head = Buffer.alloc(14);
    head[0] = 0x81;
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(payload.byteLength), 2);
    this.#socket.write(head);
    this.#socket.write(payload);
  }

  /** Waits for the next text message; fails when it is closed before. */
  async message(): Promise<Record<string, unknown>> {
    const frame = await this.#next((it) => it.opcode === 1 || it.opcode === 8);
    if (frame.opcode !== 1) throw new Error(`Closed: ${JSON.stringify(endIn(frame.payload))}`);
    return JSON.parse(frame.payload.toString());
  }

  /** Waits until the server closes it. */
  async end(): Promise<RawEnd> {
    return endIn((await this.#next((it) => it.opcode === 8)).payload);
  }

  /** Lets go of the connection, and waits until that is done. */
  async drop(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await closed;
  }

  async #next(matches: (frame: { opcode: number }) => boolean): Promise<{ opcode: number; payload: Buffer }> {
    for (;;) {
      const at = this.#frames.findIndex(matches);
      const [frame] = at < 0 ? [] : this.#frames.splice(at, 1);
      if (frame) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #parse(): void {
    for (;;) {
      const short = (this.#rest[1] ?? 0) & 0x7f;
      const [at, length] =
        short === 126 && this.#rest.length >= 4
          ? [4, this.#rest.readUInt16BE(2)]
          : short === 127 && this.#rest.length >= 10
            ? [10, Number(this.#rest.readBigUInt64BE(2))]
            : [2, short < 126 ? short : Number.POSITIVE_INFINITY];
      if (this.#rest.length < 2 || this.#rest.length < at + length) return;
      this.#frames.push({
        opcode: (this.#rest[0] ?? 0) & 0x0f,
        payload: this.#rest.subarray(at, at + length),
      });
      this.#rest = this.#rest.subarray(at + length);
      this.#wake();
    }
  }
}

function endIn(payload: Buffer): RawEnd {
  return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}
