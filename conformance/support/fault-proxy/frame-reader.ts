import { decodeFrame, type Frame } from '../frames.ts';

/** A frame up to this many bytes is one piece; of a longer one the pieces are as they come, and none shows it. */
const LONGEST_WHOLE = 262_144;
const LONGEST_HEAD = 14;
const IS_WEBSOCKET = /^(GET [\s\S]*^upgrade: *websocket|HTTP\/1\.1 101)/im;

/** Some of what goes one way. */
export interface Piece {
  readonly bytes: Buffer;
  /** The frame that it is, unmasked; undefined for anything else. */
  readonly frame: Frame | undefined;
  /** Whether a frame ends with it. */
  readonly endsFrame: boolean;
  /** Whether it is the head of the handshake. */
  readonly isHead: boolean;
}

/** Cuts one direction of a connection into pieces: the head of the handshake, then frames, if it is a WebSocket's. */
export class FrameReader {
  #state: 'head' | 'frames' | 'bytes' = 'head';
  #rest: Buffer = Buffer.alloc(0);
  /** How many bytes are to come of a frame that is too long to be kept. */
  #missing = 0;

  /** Whether the connection has become a WebSocket. */
  get isWebSocket(): boolean {
    return this.#state === 'frames';
  }

  /** The pieces that `chunk` completes. */
  push(chunk: Buffer): Piece[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const pieces: Piece[] = [];
    for (let piece = this.#next(); piece; piece = this.#next()) pieces.push(piece);
    return pieces;
  }

  #next(): Piece | undefined {
    if (this.#rest.length === 0) return undefined;
    if (this.#state === 'head') return this.#head();
    if (this.#state === 'bytes') return this.#take(this.#rest.length);
    if (this.#missing > 0) return this.#more();
    const length = lengthOf(this.#rest);
    if (length === undefined) return undefined;
    if (length > LONGEST_WHOLE) {
      this.#missing = length;
      return this.#more();
    }
    const found = decodeFrame(this.#rest);
    return found && this.#take(length, { frame: found.frame, endsFrame: true });
  }

  #head(): Piece | undefined {
    const end = this.#rest.indexOf('\r\n\r\n');
    const begins = this.#rest.toString('latin1', 0, 5);
    if (end < 0 && ('GET /'.startsWith(begins) || 'HTTP/'.startsWith(begins))) return undefined;
    const isWebSocket = end >= 0 && IS_WEBSOCKET.test(this.#rest.toString('latin1', 0, end + 2));
    this.#state = isWebSocket ? 'frames' : 'bytes';
    return this.#take(isWebSocket ? end + 4 : this.#rest.length, { isHead: true });
  }

  #more(): Piece {
    const length = Math.min(this.#missing, this.#rest.length);
    this.#missing -= length;
    return this.#take(length, { endsFrame: this.#missing === 0 });
  }

  #take(length: number, about: Partial<Piece> = {}): Piece {
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return { frame: undefined, endsFrame: false, isHead: false, ...about, bytes };
  }
}

/** How long the first frame of `bytes` is, head and all; undefined while too little of it is there. */
function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const second = bytes.readUInt8(1);
  const short = second & 0x7f;
  const headLength = (short === 126 ? 4 : short === 127 ? 10 : 2) + (second > 0x7f ? 4 : 0);
  if (bytes.length < Math.min(headLength, LONGEST_HEAD)) return undefined;
  if (short === 126) return headLength + bytes.readUInt16BE(2);
  return headLength + (short === 127 ? Number(bytes.readBigUInt64BE(2)) : short);
}
