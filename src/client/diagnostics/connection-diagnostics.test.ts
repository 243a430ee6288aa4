import { expect, test, vi } from 'vitest';
import { InstantNodeError } from '../../errors.ts';
import { tellConnectionChange, tellProbe, traceAttempt } from './connection-diagnostics.ts';
import { Diagnostics } from './database-diagnostics.ts';
import { hear, hearTrace } from './heard.fixture.ts';

const place = { appId: 'app', instanceKey: '', host: 'example.com' };
const diagnostics = new Diagnostics(
  place,
  (value) => JSON.parse(JSON.stringify(value).replaceAll('SECRET', '[redacted]')) as typeof value,
);

test('a change of state is told with its cause, its close and its delay', () => {
  const heard = hear('instant:connection');
  tellConnectionChange(diagnostics, () => ({
    from: 'open',
    to: 'waiting',
    attempt: 1,
    transport: 'websocket',
    cause: new InstantNodeError('connection-failed', 'a value'),
    close: { code: 1011, reason: 'no SECRET' },
    delayMs: 125,
  }));
  tellConnectionChange(diagnostics, () => ({ from: 'idle', to: 'connecting', attempt: 1 }));
  tellProbe(diagnostics, 12);
  expect(heard.map(({ payload }) => payload)).toEqual([
    {
      ...place,
      event: 'state',
      from: 'open',
      to: 'waiting',
      attempt: 1,
      transport: 'websocket',
      cause: { name: 'InstantNodeError', code: 'connection-failed' },
      closeCode: 1011,
      closeReason: 'no [redacted]',
      delayMs: 125,
    },
    { ...place, event: 'state', from: 'idle', to: 'connecting', attempt: 1 },
    { ...place, event: 'probe', roundTripMs: 12 },
  ]);
});

test('an attempt is traced until it is accepted or has failed', () => {
  const heard = hearTrace('instant:connect');
  const attempt = traceAttempt(diagnostics, () => ({ attempt: 1, transport: 'sse' }));
  attempt.accepted();
  attempt.failed(new Error('late'));
  traceAttempt(diagnostics, () => ({ attempt: 2 })).failed(
    Object.assign(new Error('a value'), { code: 'ECONNREFUSED' }),
  );
  const told = heard.map(({ name, payload }) => [
    name.slice('tracing:instant:connect:'.length),
    payload.attempt,
    (payload.error as { code?: string } | undefined)?.code,
  ]);
  expect(told).toEqual([
    ['start', 1, undefined],
    ['end', 1, undefined],
    ['asyncStart', 1, undefined],
    ['asyncEnd', 1, undefined],
    ['start', 2, undefined],
    ['end', 2, undefined],
    ['error', 2, 'ECONNREFUSED'],
    ['asyncStart', 2, 'ECONNREFUSED'],
    ['asyncEnd', 2, 'ECONNREFUSED'],
  ]);
});

test('without a subscriber nothing is asked of a connection', () => {
  const change = vi.fn(() => ({ from: 'idle', to: 'connecting', attempt: 1 }) as const);
  const about = vi.fn(() => ({ attempt: 1 }));
  tellConnectionChange(diagnostics, change);
  const attempt = traceAttempt(diagnostics, about);
  attempt.failed(new Error('a value'));
  attempt.accepted();
  expect([change.mock.calls.length, about.mock.calls.length]).toEqual([0, 0]);
});
