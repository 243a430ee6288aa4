import { randomUUID } from 'node:crypto';
import { type Inbox, inbox } from './inbox.ts';
import type { Address } from './open.ts';
import {
  listen,
  type Message,
  type Peer,
  type SocketServer,
  type SocketServerOptions,
} from './socket-server.ts';

/** The attributes of a fake app: `goals.id` and `goals.title`. */
export const attrs: readonly Record<string, unknown>[] = ['id', 'title'].map((label) => ({
  id: randomUUID(),
  'forward-identity': [randomUUID(), 'goals', label],
  'value-type': 'blob',
  cardinality: 'one',
  'unique?': label === 'id',
  'index?': label === 'id',
  'inferred-types': ['string'],
  catalog: 'user',
}));

/** The triples of a goal of the fake app, as a result tree. */
export function resultOf(goals: Record<string, string>): unknown[] {
  const rows = Object.entries(goals).flatMap(([id, title]) => [
    [id, attrs[0]?.id, id, 1],
    [id, attrs[1]?.id, title, 1],
  ]);
  return [{ data: { 'datalog-result': { 'join-rows': [rows] } }, 'child-nodes': [] }];
}

/** What an Instant server answers to a message of a session without data; undefined for what it leaves open. */
export function goodAnswer(message: Message, txId: () => number): Message | undefined {
  const answer = { 'client-event-id': message['client-event-id'], 'trace-id': null };
  switch (message.op) {
    case 'init':
      return {
        ...answer,
        op: 'init-ok',
        'session-id': randomUUID(),
        attrs,
        auth: { app: {}, user: null },
        'app-status': { status: 'active' },
      };
    case 'add-query':
      return {
        ...answer,
        op: 'add-query-ok',
        q: message.q,
        result: resultOf({}),
        'result-meta': null,
        'processed-tx-id': 1,
      };
    case 'remove-query':
      return { ...answer, op: 'remove-query-ok', q: message.q };
    case 'transact':
      return { ...answer, op: 'transact-ok', 'tx-id': txId(), isn: '0/0/1' };
    default:
      return undefined;
  }
}

/** A server of Instant's protocol whose answers a test can hold back or replace. */
export interface FakeInstant extends SocketServer {
  readonly address: Address;
  /** The ids of the writes that arrived, each as often as it did. */
  readonly writes: Inbox<unknown>;
}

/** How a {@link FakeInstant} answers. */
export interface FakeInstantOptions extends SocketServerOptions {
  /** Answers a message: with what it returns, or not at all for undefined. Default: well. */
  answer?: (message: Message, peer: Peer, good: Message | undefined) => Message | undefined;
}

/** Starts a {@link FakeInstant}, which is closed when the test ends. */
export async function fakeInstant(options: FakeInstantOptions = {}): Promise<FakeInstant> {
  const server = await listen(options);
  const writes = inbox<unknown>();
  let count = 1;
  const nextTxId = (): number => ++count;
  const { answer = (_message, _peer, good) => good } = options;
  const converse = async (peer: Peer): Promise<never> => {
    for (;;) {
      const message = await peer.messages.next();
      if (message.op === 'transact') writes.push(message['client-event-id']);
      // Each reader of the inbox has its own place only with `first`; tests read what was sent by that.
      const reply = answer(message, peer, goodAnswer(message, nextTxId));
      if (reply) peer.send(reply);
    }
  };
  const greet = async (): Promise<never> => {
    for (;;) void converse(await server.peers.next());
  };
  void greet();
  const { apiURI, websocketURI } = server;
  return { ...server, writes, address: { appId: randomUUID(), apiURI, websocketURI } };
}

/** How a server refuses a message. */
export function refusalOf(
  message: Message,
  error: { type?: string; status?: number; message: string; hint?: unknown },
): Message {
  return {
    op: 'error',
    status: 400,
    'client-event-id': message['client-event-id'],
    'original-event': message,
    'trace-id': null,
    hint: null,
    ...error,
  };
}
