import { expect, test } from 'vitest';
import { deferred } from '../timing/deferred.ts';
import { HandClock } from '../timing/hand-clock.fixture.ts';
import { TransportChoice } from './transport-choice.ts';

function made() {
  const clock = new HandClock();
  const told: string[] = [];
  let answer = deferred<boolean>();
  let questions = 0;
  const choice = new TransportChoice({
    clock,
    webSocketRetryMs: 300_000,
    doesHttpAnswer: () => {
      questions++;
      answer = deferred<boolean>();
      return answer.promise;
    },
    changed: () => told.push('changed'),
    unchanged: () => told.push('unchanged'),
  });
  return {
    ...{ clock, told, choice },
    questions: () => questions,
    async answers(does: boolean) {
      answer.resolve(does);
      await answer.promise;
      await Promise.resolve();
    },
  };
}

/** One where an event stream has taken the place of WebSockets. */
async function overStreams() {
  const it = made();
  it.choice.next();
  it.choice.ended();
  await it.answers(true);
  it.told.length = 0;
  expect(it.choice.next()).toBe('sse');
  return it;
}

test('a WebSocket comes first', () => {
  expect(made().choice.next()).toBe('websocket');
});

test('one that failed, while HTTP is answered, is followed by an event stream', async () => {
  const { choice, told, answers } = made();
  choice.next();
  expect(choice.ended()).toBe(true);
  expect([choice.next(), told]).toEqual(['websocket', []]);
  await answers(true);
  expect([choice.next(), told]).toEqual(['sse', ['changed']]);
});

test('one that failed, while nothing answers, is followed by another', async () => {
  const { choice, told, answers } = made();
  choice.next();
  expect(choice.ended()).toBe(true);
  await answers(false);
  expect([choice.next(), told]).toEqual(['websocket', ['unchanged']]);
});

test('one that has brought a message asks nothing when it ends', () => {
  const { choice, questions } = made();
  choice.next();
  choice.worked();
  expect(choice.ended()).toBe(false);
  expect(questions()).toBe(0);
});

test('nothing changes when a WebSocket has brought a message before the answer is there', async () => {
  const { choice, told, answers } = made();
  choice.next();
  choice.ended();
  choice.next();
  choice.worked();
  await answers(true);
  expect([choice.next(), told]).toEqual(['websocket', []]);
});

test('of several that fail meanwhile, one asks', () => {
  const { choice, questions } = made();
  for (let each = 0; each < 3; each++) {
    choice.next();
    expect(choice.ended()).toBe(true);
  }
  expect(questions()).toBe(1);
});

test('an event stream that has worked is followed by another, until it is time for a WebSocket', async () => {
  const { choice, clock } = await overStreams();
  choice.worked();
  expect(choice.ended()).toBe(false);
  clock.pass(299_999);
  expect(choice.next()).toBe('sse');
  clock.pass(1);
  expect(choice.next()).toBe('websocket');
});

test('one that has not worked is followed by a WebSocket', async () => {
  const { choice, questions } = await overStreams();
  expect(choice.ended()).toBe(false);
  expect([choice.next(), questions()]).toEqual(['websocket', 1]);
});

test('once a WebSocket was let through, the next is one', async () => {
  const { choice } = await overStreams();
  choice.back();
  expect(choice.next()).toBe('websocket');
});
