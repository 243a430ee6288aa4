import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openEventStream } from './event-stream.ts';

/** An event stream on which nothing ever comes. */
class SilentEventSource {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readyState: number = SilentEventSource.CONNECTING;
  onerror: (() => void) | null = null;
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
