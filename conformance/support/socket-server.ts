import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { decodeFrame, encodeFrame, OPCODE } from './frames.ts';
import { type Inbox, inbox } from './inbox.ts';

/** A message of Instant's protocol. */
export interface Message {
  op: string;
  [field: string]: unknown;
}

/** One WebSocket, seen from the server. */
export interface Peer {
  /** What the client sent. */
  readonly messages: Inbox<Message>;
  /** Resolves once the connection is gone, however it ended. */
  readonly gone: Promise<void>;
  /** Sends a text frame: a string as it is, anything else as JSON. */
  send(message: unknown): void;
  sendBytes(bytes: Uint8Array): void;
  /** Starts the closing handshake, with code 1000 unless another is given. */
  close(code?: number, reason?: string): void;
  /** Drops the connection. */
  destroy(): void;
}

/** What a {@link SocketServer} does, where it is not what a good server does. */
export interface SocketServerOptions {
  /** Default: any free port. */
  port?: number;
  /** What to do with a handshake: take it, refuse it with an HTTP status, or leave it without an answer. */
  handshake?: (head: string) => 'accept' | 'ignore' | number;
  /** Whether to answer a client's close frame. Default true. */
  answersClose?: boolean;
  /** Answers an HTTP request that is no handshake, by its head too. Default: 404. `never` leaves it without an answer. */
  http?: (path: string, body: unknown, head: string) => { status: number; body: unknown } | 'never';
}

/** A WebSocket server that does as a test says, good or bad. */
export interface SocketServer {
  readonly port: number;
  readonly apiURI: string;
  readonly websocketURI: string;
  /** The clients that connected, in order. */
  readonly peers: Inbox<Peer>;
  /** Drops every connection and stops listening. Repeatable. */
  close(): Promise<void>;
}

// Written on node:net, so that on every runtime it can break every rule that a WebSocket library would keep.
/** Starts a {@link SocketServer}, which is closed when the test ends. */
export async function listen(options: SocketServerOptions = {}): Promise<SocketServer> {
  const peers = inbox<Peer>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client may vanish at any moment; `close` follows.
    socket.on('error', () => {});
    serve(socket, options, peers.push);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    return closing;
  };
  onTestFinished(close);
  const authority = `127.0.0.1:${port}`;
  return {
    port,
    apiURI: `http://${authority}`,
    websocketURI: `ws://${authority}/runtime/session`,
    peers,
    close,
  };
}

function serve(socket: Socket, options: SocketServerOptions, onPeer: (peer: Peer) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  let take = (): void => {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = bytes.subarray(0, end).toString('latin1');
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1];
    if (key === undefined) {
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (bytes.length < end + 4 + length) return;
      answerHttp(socket, head, bytes.subarray(end + 4, end + 4 + length).toString(), options);
      bytes = bytes.subarray(end + 4 + length);
      return;
    }
    bytes = bytes.subarray(end + 4);
    const answer = options.handshake?.(head) ?? 'accept';
    if (answer === 'accept') {
      accept(socket, key);
      const { peer, receive } = peerOn(socket, options.answersClose ?? true);
      take = () => {
        for (let found = decodeFrame(bytes); found; found = decodeFrame(bytes)) {
          bytes = found.rest;
          receive(found.frame);
        }
      };
      onPeer(peer);
      take();
    } else if (answer !== 'ignore') socket.end(httpAnswer(answer, ''));
  };
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    take();
  });
}

function peerOn(
  socket: Socket,
  answersClose: boolean,
): { peer: Peer; receive(frame: { opcode: number; payload: Buffer }): void } {
  const messages = inbox<Message>();
  const write = (opcode: number, payload: Buffer): void => {
    if (socket.writable) socket.write(encodeFrame(opcode, payload));
  };
  const peer: Peer = {
    messages,
    gone: new Promise((resolve) => socket.once('close', () => resolve())),
    send: (message) =>
      write(OPCODE.text, Buffer.from(typeof message === 'string' ? message : JSON.stringify(message))),
    sendBytes: (bytes) => write(OPCODE.binary, Buffer.from(bytes)),
    close: (code = 1000, reason = '') =>
      write(OPCODE.close, Buffer.from([code >> 8, code & 0xff, ...Buffer.from(reason)])),
    destroy: () => socket.destroy(),
  };
  return {
    peer,
    receive({ opcode, payload }) {
      if (opcode === OPCODE.text) messages.push(JSON.parse(payload.toString()));
      else if (opcode === OPCODE.ping) write(OPCODE.pong, payload);
      else if (opcode === OPCODE.close && answersClose) {
        write(OPCODE.close, payload);
        socket.end();
      }
    },
  };
}

function accept(socket: Socket, key: string): void {
  const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${proof}`].join('\r\n')}\r\n\r\n`);
}

function answerHttp(socket: Socket, head: string, body: string, options: SocketServerOptions): void {
  const path = head.split(' ')[1] ?? '/';
  const answer = options.http?.(path, body === '' ? undefined : JSON.parse(body), head) ?? {
    status: 404,
    body: {},
  };
  if (answer !== 'never') socket.end(httpAnswer(answer.status, JSON.stringify(answer.body)));
}

function httpAnswer(status: number, body: string): string {
  const length = Buffer.byteLength(body);
  const head = [`HTTP/1.1 ${status} Answer`, 'Connection: close', 'Content-Type: application/json'];
  return `${[...head, `Content-Length: ${length}`].join('\r\n')}\r\n\r\n${body}`;
}
