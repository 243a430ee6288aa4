import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openEventStream } from './event-stream.ts';

/** An event stream on which nothing ever comes. */
class SilentEventSource {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readyState: number = SilentEventSource.CONNECTING;
  onerror: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  close(): void {
    this.readyState = SilentEventSource.CLOSED;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each<[string, (connection: ReturnType<typeof openEventStream>) => void]>([
  ['closed', (connection) => connection.close()],
  ['broken', (connection) => (connection.conn as unknown as SilentEventSource).onerror?.()],
])('a connection that is %s before it was greeted leaves no timer behind', (_how, end) => {
  const connection = openEventStream(SilentEventSource, {
    url: 'http://localhost/runtime/sse',
    onMalformed() {},
  });
  const closed = vi.fn();
  connection.onclose = closed;
  expect(vi.getTimerCount()).toBe(1);
  end(connection);
  expect(vi.getTimerCount()).toBe(0);
  expect(closed).toHaveBeenCalledOnce();
});

test('what is not JSON, or no message, is told of, and what comes behind it is taken', () => {
  const malformed: unknown[] = [];
  const connection = openEventStream(SilentEventSource, {
    url: 'http://localhost/runtime/sse',
    onMalformed: (cause) => malformed.push(cause),
  });
  const messages: unknown[] = [];
  connection.onmessage = ({ message }) => messages.push(message);
  const source = connection.conn as unknown as SilentEventSource;
  for (const data of ['no JSON', '{"op":"one"}', 'null', '[{"op":"two"},7]']) source.onmessage?.({ data });
  expect(malformed).toHaveLength(1);
  expect(messages).toEqual([{ op: 'one' }, null, { op: 'two' }, 7]);
  connection.close();
  source.onmessage?.({ data: '{"op":"late"}' });
  expect(messages).toHaveLength(4);
});
