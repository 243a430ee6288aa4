import { expect, test, vi } from 'vitest';
import type { Send, SendInit } from '../../drivers/requests/send.ts';
import { EventStreamConnection, type EventStreamOptions } from './event-stream.ts';

const GREETING = { op: 'sse-init', 'machine-id': 'm', 'session-id': 's', 'sse-token': 't' };

/** A server whose stream a test feeds, and whose answers to posts it gives. */
function server() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const posts: { body: { messages: unknown[] }; answer(status: number): void; init: SendInit }[] = [];
  let streamSignal: AbortSignal | undefined;
  const send: Send = (_url, init = {}) => {
    if (init.method === 'POST') {
      return new Promise((resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        const answer = (status: number): void => resolve(new Response('{}', { status }));
        posts.push({ body: JSON.parse(String(init.body)), answer, init });
      });
    }
    streamSignal = init.signal ?? undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (made) => {
        controller = made;
      },
    });
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
  };
  return {
    posts,
    send,
    feed: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    event: (message: unknown) =>
      controller?.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(message)}\n\n`)),
    end: () => controller?.close(),
    isRead: () => streamSignal?.aborted === false,
  };
}

function opened(options: Partial<EventStreamOptions> = {}) {
  const peer = server();
  const told: unknown[] = [];
  const traffic = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };
  const connection = new EventStreamConnection({
    url: 'http://localhost/runtime/sse',
    send: peer.send,
    hold: true,
    traffic,
    attempts: {
      failed: (cause) => told.push(['failed', (cause as Error).message]),
      ended: (code) => told.push(['ended', code]),
      couldNotSend: () => told.push('could not send'),
    },
    onMalformed: () => told.push('malformed'),
    ...options,
  });
  connection.onopen = () => told.push('open');
  connection.onmessage = ({ message }) => told.push(message);
  connection.onerror = () => told.push('error');
  connection.onclose = ({ code }) => told.push(['close', code]);
  return { peer, told, connection, traffic };
}

async function greeted(options: Partial<EventStreamOptions> = {}) {
  const it = opened(options);
  await vi.waitFor(() => {
    expect(it.peer.isRead()).toBe(true);
  });
  it.peer.event(GREETING);
  await vi.waitFor(() => expect(it.told).toEqual(['open']));
  it.told.length = 0;
  return it;
}

const posted = (peer: ReturnType<typeof server>, count: number) =>
  vi.waitFor(() => expect(peer.posts).toHaveLength(count));

test('it is connecting until the greeting, and then open', async () => {
  const { connection, peer, told } = opened();
  expect([connection.isConnecting(), connection.isOpen()]).toEqual([true, false]);
  await vi.waitFor(() => expect(peer.isRead()).toBe(true));
  peer.event(GREETING);
  await vi.waitFor(() => expect(told).toEqual(['open']));
  expect([connection.isConnecting(), connection.isOpen()]).toEqual([false, true]);
  connection.close();
});

test.each<[string, (connection: EventStreamConnection) => void]>([
  ['closed', (connection) => connection.close()],
  ['dropped', (connection) => connection.terminate()],
])(
  'a connection that is %s before it was greeted leaves no timer behind, and ends once',
  async (how, end) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { connection, told } = opened();
      end(connection);
      end(connection);
      await connection.closed;
      expect(vi.getTimerCount()).toBe(0);
      expect(told).toEqual([['close', how === 'closed' ? 1000 : 1006]]);
    } finally {
      vi.useRealTimers();
    }
  },
);

test('what is not JSON, or no message, is told of, and what comes behind it is taken', async () => {
  const { connection, peer, told } = await greeted();
  peer.feed('data: no JSON\n\ndata: {"op":"one"}\n\ndata: null\n\nda');
  peer.feed('ta: [{"op":"two"},7]\n\n');
  await vi.waitFor(() => expect(told).toEqual(['malformed', { op: 'one' }, null, { op: 'two' }, 7]));
  connection.close();
  peer.event({ op: 'late' });
  await connection.closed;
  expect(told.slice(5)).toEqual([['close', 1000]]);
});

test('a comment, and each part of an event, are signs of life and counted', async () => {
  const alive = vi.fn();
  const { connection, peer } = await greeted({ alive });
  const before = connection.receivedBytes();
  alive.mockClear();
  peer.feed(': still here\n\n');
  await vi.waitFor(() => expect(alive).toHaveBeenCalledTimes(1));
  peer.feed('data: {"op":"lo');
  await vi.waitFor(() => expect(alive).toHaveBeenCalledTimes(2));
  expect(connection.receivedBytes() - before).toBe(29);
  connection.terminate();
});

test('messages are posted in order, one post at a time, and counted while they wait', async () => {
  const { connection, peer, traffic } = await greeted();
  connection.send({ op: 'one' });
  connection.send({ op: 'two' });
  await posted(peer, 1);
  connection.send({ op: 'three' });
  connection.send({ op: 'four' });
  expect(peer.posts[0]?.body).toEqual({
    ...{ machine_id: 'm', session_id: 's', sse_token: 't' },
    messages: [{ op: 'one' }, { op: 'two' }],
  });
  expect(traffic).toMatchObject({ sentMessages: 4, sentBytes: 51 });
  const held = connection.bufferedBytes();
  peer.posts[0]?.init.sent?.(10);
  expect(connection.bufferedBytes()).toBe(held - 10);
  peer.posts[0]?.answer(200);
  await posted(peer, 2);
  expect(peer.posts[1]?.body.messages).toEqual([{ op: 'three' }, { op: 'four' }]);
  peer.posts[1]?.answer(200);
  await vi.waitFor(() => expect(connection.bufferedBytes()).toBe(0));
  connection.terminate();
});

test.each([
  [400, 1006],
  [413, 1009],
  [502, 1006],
])('a post that is refused with %i ends it with code %i, and says so', async (status, code) => {
  const { connection, peer, told } = await greeted();
  connection.send({ op: 'one' });
  await posted(peer, 1);
  peer.posts[0]?.answer(status);
  await vi.waitFor(() => expect(told.at(-1)).toEqual(['close', code]));
  expect(told[0]).toEqual(['failed', `The server answered a post of messages with status ${status}`]);
  expect(told.slice(1)).toEqual(['error', ['ended', code], ['close', code]]);
  expect(peer.isRead()).toBe(false);
});

test('what was sent before close() is posted, while the stream is still there', async () => {
  const { connection, peer, told } = await greeted();
  connection.send({ op: 'last' });
  connection.close();
  expect(told).toEqual([['close', 1000]]);
  await posted(peer, 1);
  expect(peer.isRead()).toBe(true);
  peer.posts[0]?.answer(200);
  await connection.closed;
  expect(peer.isRead()).toBe(false);
});

test('send() on one that is over is told, and changes nothing', async () => {
  const { connection, told } = await greeted();
  connection.close();
  connection.send({ op: 'late' });
  expect(told).toEqual([['close', 1000], 'could not send']);
  await connection.closed;
});

test('a stream that the server ends is an end', async () => {
  const { peer, told } = await greeted();
  peer.end();
  await vi.waitFor(() => expect(told.at(-1)).toEqual(['close', 1006]));
  expect(told).toContainEqual(['failed', 'The server ended the event stream']);
});

test('a refusal of the stream says with which status, and how long to wait', async () => {
  const send: Send = () =>
    Promise.resolve(new Response('no', { status: 503, headers: { 'retry-after': '7' } }));
  const refusals: unknown[] = [];
  const { connection, told } = opened({ send });
  connection.onerror = ({ refusal }) => refusals.push(refusal);
  await vi.waitFor(() => expect(told.at(-1)).toEqual(['close', 1006]));
  expect(refusals).toEqual([{ status: 503, retryAfterMs: 7_000 }]);
});

test('a class of event streams is used as it is, and closed when it fails', async () => {
  const sources: { onmessage: ((event: { data: string }) => void) | null; onerror: (() => void) | null }[] =
    [];
  const close = vi.fn();
  class OwnEventSource {
    onmessage: ((event: { data: string }) => void) | null = null;
    onerror: (() => void) | null = null;
    readonly close = close;
    constructor() {
      sources.push(this);
    }
  }
  const { connection, told } = opened({ EventSource: OwnEventSource });
  sources[0]?.onmessage?.({ data: JSON.stringify(GREETING) });
  expect(connection.isOpen()).toBe(true);
  sources[0]?.onerror?.();
  expect(close).toHaveBeenCalled();
  expect(told.at(-1)).toEqual(['close', 1006]);
});
