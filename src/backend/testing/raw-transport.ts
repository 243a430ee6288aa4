import { WebSocket } from 'isows';
import { readEventStream } from '../../../conformance/support/event-stream.ts';

/** How a {@link RawTransport} ended. */
export interface TransportEnd {
  readonly code: number;
  readonly reason: string;
}

/** A connection that carries frames. For tests. */
export interface RawTransport {
  send(frame: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  /** Settles when the connection has ended. */
  readonly closed: Promise<TransportEnd>;
}

/** Opens a connection: an event stream for an `http:` address, else a WebSocket. */
export function openTransport(uri: string, heard: (text: string) => void): Promise<RawTransport> {
  return uri.startsWith('http') ? openEventStream(uri, heard) : openWebSocket(uri, heard);
}

async function openWebSocket(uri: string, heard: (text: string) => void): Promise<RawTransport> {
  const socket = new WebSocket(uri);
  const closed = new Promise<TransportEnd>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason });
  });
  socket.onmessage = ({ data }) => heard(String(data));
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`Cannot connect to ${uri}`));
  });
  return { send: (frame) => socket.send(frame), close: () => socket.close(), closed };
}

/**
 * Keeps responses alive: on Deno an abort is lost once the response is garbage-collected, and its body is then read
 * forever (2.9.6).
 */
const reading = new Set<Response>();

async function openEventStream(uri: string, heard: (text: string) => void): Promise<RawTransport> {
  const abort = new AbortController();
  const response = await fetch(uri, { signal: abort.signal }).catch(() => undefined);
  if (!response?.ok || !response.body) throw new Error(`Cannot connect to ${uri}`);
  let greeted: (credentials: object) => void = () => {};
  const credentials = new Promise<object>((resolve) => {
    greeted = resolve;
  });
  const data = (text: string): void => {
    const message = JSON.parse(text);
    if (message.op !== 'sse-init') heard(text);
    else {
      const { 'machine-id': machine_id, 'session-id': session_id, 'sse-token': sse_token } = message;
      greeted({ machine_id, session_id, sse_token });
    }
  };
  const closed = readEventStream(response.body as unknown as AsyncIterable<Uint8Array>, { data }).then(
    () => ({ code: 1000, reason: '' }),
    () => ({ code: 1006, reason: '' }),
  );
  reading.add(response);
  void closed.then(() => reading.delete(response));
  let posted: Promise<unknown> = credentials;
  const post = async (frame: string | Uint8Array<ArrayBuffer>): Promise<void> => {
    const body = `${JSON.stringify({ ...(await credentials), messages: [] }).slice(0, -2)}${frame}]}`;
    await (await fetch(uri, { method: 'POST', body })).text();
  };
  return {
    send(frame) {
      posted = posted.then(() => post(frame));
    },
    close: () => abort.abort(),
    closed,
  };
}
