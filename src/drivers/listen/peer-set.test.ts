import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Connection, PeerSet, within } from './peer-set.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class FakeConnection implements Connection {
  readonly calls: string[] = [];
  close(code: number, reason: string): void {
    this.calls.push(`close ${code} ${reason}`);
  }
  terminate(): void {
    this.calls.push('terminate');
  }
  ping(): void {
    this.calls.push('ping');
  }
}

const LIVENESS = { pingMs: 5_000, unanswered: 3 };

describe('PeerSet', () => {
  test('drops a peer that left three pings unanswered, when the fourth is due', () => {
    const peers = new PeerSet(LIVENESS);
    const silent = new FakeConnection();
    peers.add(silent);
    vi.advanceTimersByTime(15_000);
    expect(silent.calls).toEqual(['ping', 'ping', 'ping']);
    vi.advanceTimersByTime(5_000);
    expect(silent.calls).toEqual(['ping', 'ping', 'ping', 'terminate']);
  });

  test('keeps a peer that is heard, however rarely', () => {
    const peers = new PeerSet(LIVENESS);
    const slow = new FakeConnection();
    peers.add(slow);
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(14_000);
      peers.heard(slow);
    }
    expect(slow.calls).not.toContain('terminate');
  });

  test('stops pinging a peer that is gone, and everybody once it is closed', async () => {
    const peers = new PeerSet(LIVENESS);
    const gone = new FakeConnection();
    peers.add(gone);
    peers.delete(gone);
    peers.heard(gone);
    vi.advanceTimersByTime(30_000);
    expect(gone.calls).toEqual([]);
    await peers.close(1001, 'bye');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('close() waits for the peers to leave, and then for no timer', async () => {
    const peers = new PeerSet(LIVENESS);
    const polite = new FakeConnection();
    peers.add(polite);
    const closed = peers.close(1001, 'bye');
    peers.delete(polite);
    await closed;
    expect(polite.calls).toEqual(['close 1001 bye']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('close() ends those that do not leave', async () => {
    const peers = new PeerSet(LIVENESS);
    const stuck = new FakeConnection();
    peers.add(stuck);
    const closed = peers.close(1001, 'bye');
    await vi.advanceTimersByTimeAsync(1_000);
    await closed;
    expect(stuck.calls).toEqual(['close 1001 bye', 'terminate']);
  });
});

test('within() settles with the work, at its limit, and when the work fails', async () => {
  await within(Promise.resolve(), 1_000);
  await within(Promise.reject(new Error('no')), 1_000);
  expect(vi.getTimerCount()).toBe(0);
  const late = within(new Promise(() => {}), 1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  await late;
});
