import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import { authority, serverCertificate } from './certificates.ts';

/** One request that a proxy was asked for. */
export interface ProxyRequest {
  /** `CONNECT`, or the method of what it is to pass on. */
  readonly method: string;
  /** Host and port of a tunnel, or a whole address. */
  readonly target: string;
  /** `user:password`; undefined if none was given. */
  readonly user: string | undefined;
}

/** A proxy that names of no other computer lead through. */
export interface ConnectProxy {
  readonly port: number;
  /** What it was asked for, in order. */
  readonly seen: ProxyRequest[];
}

/** What a {@link ConnectProxy} does. */
export interface ProxyOptions {
  /** Where it connects to, by the port asked for: 443 or 80. */
  readonly ports: Readonly<Record<number, number>>;
  /** Whether it is reached by TLS itself. */
  isSecure?: boolean;
  /** A status to refuse with. */
  refuse?: (request: ProxyRequest) => number | undefined;
}

const NO_DELAY = { noDelay: true };

// Written on node:net, so that it is the same on every runtime.
/** Starts a {@link ConnectProxy}, which is closed when the test ends. */
export async function connectProxy(options: ProxyOptions): Promise<ConnectProxy> {
  const seen: ProxyRequest[] = [];
  const serve = (socket: Socket): void => {
    let bytes = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', take);
      socket.pause();
      const head = bytes.subarray(0, end).toString('latin1');
      const rest = bytes.subarray(end + 4);
      const request = requestOf(head);
      seen.push(request);
      const refused = options.refuse?.(request);
      if (refused === undefined) pass(socket, options, request, head, rest);
      else socket.end(`HTTP/1.1 ${refused} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`);
    };
    socket.on('data', take);
  };
  const server = options.isSecure
    ? createTlsServer({ ...serverCertificate, ...NO_DELAY }, serve)
    : createServer(NO_DELAY, serve);
  return { port: await listening(server), seen };
}

/** Ends TLS before a plain server on `port`, which sees nothing of it; returns where. */
export function tlsBefore(port: number, options: { asksForCertificate?: boolean } = {}): Promise<number> {
  const asks = options.asksForCertificate
    ? { requestCert: true, rejectUnauthorized: true, ca: authority }
    : {};
  return listening(
    createTlsServer({ ...serverCertificate, ...asks, ...NO_DELAY }, (socket) => {
      join(socket, connect({ port, host: '127.0.0.1' }));
    }),
  );
}

function requestOf(head: string): ProxyRequest {
  const [method = '', target = ''] = head.split(' ');
  const credentials = /^proxy-authorization: *Basic (\S+)/im.exec(head)?.[1];
  const user = credentials === undefined ? undefined : Buffer.from(credentials, 'base64').toString();
  return { method, target, user };
}

function pass(
  socket: Socket,
  { ports }: ProxyOptions,
  { method, target }: ProxyRequest,
  head: string,
  rest: Buffer,
): void {
  const isTunnel = method === 'CONNECT';
  const url = new URL(isTunnel ? `http://${target}` : target);
  const asked = Number(url.port || 80);
  const upstream = connect({ port: ports[asked] ?? 1, host: '127.0.0.1' }, () => {
    if (isTunnel) socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    // One request a connection, so that each is seen.
    else
      upstream.write(
        `${head.replace(target, url.pathname + url.search).replace(/^connection:.*$/im, 'connection: close')}\r\n\r\n`,
      );
    upstream.write(rest);
    join(socket, upstream);
  });
  upstream.on('error', () => socket.destroy());
}

function join(one: Socket, other: Socket): void {
  for (const socket of [one, other]) socket.on('error', () => {});
  one.pipe(other);
  other.pipe(one);
  one.on('close', () => other.destroy());
  other.on('close', () => one.destroy());
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
