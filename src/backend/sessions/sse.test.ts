import { describe, expect, test } from 'vitest';
import { readEventStream } from '../../../conformance/support/event-stream.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { Apps } from '../apps/apps.ts';
import { createHost } from '../create-host.ts';
import { startBackend } from '../index.ts';
import { createNoPersistence } from '../keep/no-persistence.ts';
import { resolveBackendOptions } from '../options.ts';
import { VISITOR } from '../permissions/actor.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { SseSessions } from './sse-sessions.ts';

const backend = await backendForTests();
const app = backend.createApp();

const NEVER = '11111111-1111-4111-8111-111111111111';
const sseUri = (): string => `${backend.url}/runtime/sse?app_id=${app.id}`;

/** An event stream as it comes: each message, and each line that is none. */
async function listen(url: string, init: RequestInit = {}): Promise<Listening> {
  const abort = new AbortController();
  const response = await fetch(url, { ...init, signal: abort.signal });
  const messages = queue<Message>();
  const others = queue<string>();
  const ended = readEventStream(response.body as unknown as AsyncIterable<Uint8Array>, {
    data: (text) => messages.put(JSON.parse(text)),
    other: (line) => others.put(line),
  }).catch(() => {});
  return { response, next: messages.take, nextLine: others.take, ended, stop: () => abort.abort() };
}

interface Listening {
  response: Response;
  next(): Promise<Message>;
  nextLine(): Promise<string>;
  ended: Promise<void>;
  stop(): void;
}

function queue<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put(item) {
      const taker = takers.shift();
      if (taker) taker(item);
      else items.push(item);
    },
    take: () =>
      new Promise((resolve) => {
        const item = items.shift();
        if (item !== undefined) resolve(item);
        else takers.push(resolve);
      }),
  };
}

function credentialsOf(init: Message): JsonObject {
  return {
    machine_id: init['machine-id'] as string,
    session_id: init['session-id'] as string,
    sse_token: init['sse-token'] as string,
  };
}

async function post(body: JsonObject, path = '/runtime/sse'): Promise<[number, Message]> {
  const response = await fetch(backend.url + path, { method: 'POST', body: JSON.stringify(body) });
  return [response.status, await response.json()];
}

describe('GET /runtime/sse', () => {
  test('is an event stream that begins with what the client posts with', async () => {
    const { response, next, nextLine, stop, ended } = await listen(sseUri());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await nextLine()).toBe('retry: 500');
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(await next()).toEqual({
      op: 'sse-init',
      'machine-id': uuid,
      'session-id': uuid,
      'sse-token': uuid,
      'trace-id': null,
    });
    stop();
    await ended;
  });

  test('ends when the backend does', async () => {
    const other = await startBackend();
    const stream = await listen(`${other.url}/runtime/sse`);
    await stream.next();
    await other.close();
    await stream.ended;
  });

  test('ends when its app is gone', async () => {
    const response = await fetch(`${backend.url}/dash/apps/ephemeral`, {
      method: 'POST',
      body: JSON.stringify({ title: 'Soon gone' }),
    });
    expect(response.status).toBe(200);
    const { app: short } = await response.json();
    const session = await RawSession.open(sseUri());
    expect(await session.ask({ op: 'init', 'app-id': short.id })).toMatchObject({ op: 'init-ok' });
    const deleted = await fetch(`${backend.url}/dash/apps/${short.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${backend.personalAccessToken}` },
    });
    expect(deleted.status).toBe(200);
    expect(await session.closed).toMatchObject({ code: 1000 });
  });

  test('leaves its rooms when the client goes away', async () => {
    const stays = await RawSession.init(backend, app);
    stays.send({ op: 'join-room', 'room-id': 'sse' });
    await stays.nextOf('refresh-presence');
    const goes = await RawSession.init({ websocketURI: sseUri() }, app);
    goes.send({ op: 'join-room', 'room-id': 'sse' });
    await stays.nextOf('patch-presence');
    goes.close();
    expect(await stays.nextOf('patch-presence')).toMatchObject({ edits: [[[expect.any(String)], '-']] });
    await stays.close();
  });
});

describe('POST /runtime/sse', () => {
  test('hands messages over in order, good ones and bad ones', async () => {
    const { next, stop, ended } = await listen(sseUri());
    const credentials = credentialsOf(await next());
    const messages = [
      { op: 'init', 'app-id': app.id, 'client-event-id': 'a' },
      'no message',
      { op: 'no-op', 'client-event-id': 'b' },
      { op: 'remove-query', q: {}, 'client-event-id': 'c' },
    ];
    expect(await post({ ...credentials, messages })).toEqual([200, {}]);
    expect(await next()).toMatchObject({ op: 'init-ok', 'client-event-id': 'a' });
    expect(await next()).toMatchObject({ op: 'error', type: 'param-malformed', 'original-event': null });
    expect(await next()).toMatchObject({ op: 'error', message: 'Invalid op', 'client-event-id': 'b' });
    expect(await next()).toMatchObject({ op: 'remove-query-ok', 'client-event-id': 'c' });
    stop();
    await ended;
  });

  test('has messages handed over when they are answered for, in the order in which they came', async () => {
    const host = createHost(resolveBackendOptions({}), createNoPersistence());
    const sessions = new SseSessions(new Apps(host), host);
    const lines = queue<Message>();
    const body = sessions.open(VISITOR) as unknown as AsyncIterable<Uint8Array>;
    const ended = readEventStream(body, { data: (text) => lines.put(JSON.parse(text)), other: () => {} });
    const init = await lines.take();
    const credentials = {
      machineId: `${init['machine-id']}`,
      sessionId: `${init['session-id']}`,
      token: `${init['sse-token']}`,
    };
    const take = (name: string): (() => void) =>
      sessions.receive(credentials, [{ op: 'no-op', 'client-event-id': name }], 10);
    const [first, second, third] = [take('first'), take('second'), take('third')];
    second();
    third();
    const heard = lines.take();
    const early = await Promise.race([heard, new Promise((resolve) => setImmediate(resolve, 'nothing'))]);
    expect(early).toBe('nothing');
    first();
    const names = [await heard, await lines.take(), await lines.take()].map((it) => it['client-event-id']);
    expect(names).toEqual(['first', 'second', 'third']);
    sessions.end();
    await ended;
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['the token of nobody', { sse_token: NEVER }, { type: 'session-missing' }],
    [
      'an unknown session',
      { session_id: NEVER },
      { type: 'session-missing', message: `Session missing for id: ${NEVER}`, hint: { 'sess-id': NEVER } },
    ],
    ['an unknown machine', { machine_id: NEVER }, { type: 'member-missing' }],
    ['no token', { sse_token: null }, { type: 'param-missing' }],
    ['a token of another type', { sse_token: {} }, { type: 'param-malformed' }],
    ['messages that are no array', { messages: {} }, { type: 'param-malformed' }],
    ['no messages', { messages: null }, { type: 'param-missing' }],
  ])('with %s is refused', async (_case, fields, expected) => {
    const { next, stop, ended } = await listen(sseUri());
    const credentials = credentialsOf(await next());
    expect(await post({ ...credentials, messages: [], ...fields })).toMatchObject([400, expected]);
    stop();
    await ended;
  });

  test('to a session whose client has gone is refused', async () => {
    const watcher = await RawSession.init(backend, app);
    watcher.send({ op: 'join-room', 'room-id': 'gone' });
    const { next, stop } = await listen(sseUri());
    const credentials = credentialsOf(await next());
    const messages = [
      { op: 'init', 'app-id': app.id },
      { op: 'join-room', 'room-id': 'gone' },
    ];
    await post({ ...credentials, messages });
    await watcher.nextOf('patch-presence');
    stop();
    await watcher.nextOf('patch-presence');
    expect(await post({ ...credentials, messages: [] })).toMatchObject([400, { type: 'session-missing' }]);
    await watcher.close();
  });
});

describe('an admin', () => {
  const open = (path: string, body: JsonObject, headers: Record<string, string> = {}): Promise<Listening> =>
    listen(backend.url + path, {
      method: 'POST',
      headers: { 'app-id': app.id, authorization: `Bearer ${app.adminToken}`, ...headers },
      body: JSON.stringify(body),
    });

  test('has a session that is open from the start, by /admin/sse', async () => {
    const { next, stop, ended } = await open('/admin/sse', {});
    const credentials = credentialsOf(await next());
    const messages = [
      { op: 'init', 'app-id': app.id, 'client-event-id': 'a' },
      { op: 'start-sync', q: { $users: {} }, 'client-event-id': 'b' },
    ];
    expect(await post({ ...credentials, messages }, '/admin/sse/push')).toEqual([200, {}]);
    expect(await next()).toMatchObject({ op: 'error', message: expect.stringContaining('already run') });
    expect(await next()).toMatchObject({ op: 'start-sync-ok', 'client-event-id': 'b' });
    stop();
    await ended;
  });

  test('follows a query, by /admin/subscribe-query', async () => {
    const { next, stop, ended } = await open('/admin/subscribe-query', { query: { $users: {} } });
    expect(await next()).toMatchObject({ op: 'sse-init' });
    expect(await next()).toMatchObject({
      op: 'add-query-ok',
      q: { $users: {} },
      result: { $users: [] },
      'result-meta': { 'page-info': {}, aggregate: {} },
    });
    const email = 'sse@example.com';
    const created = await fetch(`${backend.url}/admin/refresh_tokens`, {
      method: 'POST',
      headers: { 'app-id': app.id, authorization: `Bearer ${app.adminToken}` },
      body: JSON.stringify({ email }),
    });
    expect(created.status).toBe(200);
    expect(await next()).toMatchObject({
      op: 'refresh-ok',
      computations: [{ 'instaql-result': { $users: [{ email }] } }],
    });
    stop();
    await ended;
  });

  test.each(['/admin/sse', '/admin/subscribe-query'])('is refused by %s with a wrong token', async (path) => {
    const { response } = await open(path, { query: {} }, { authorization: `Bearer ${NEVER}` });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/json');
  });
});

describe('keep-alives', () => {
  const sessionsOf = (): SseSessions => {
    const host = createHost(resolveBackendOptions({}), createNoPersistence());
    return new SseSessions(new Apps(host), host, 1);
  };

  test('go out while a stream is open', async () => {
    const sessions = sessionsOf();
    const lines = queue<string>();
    const body = sessions.open(VISITOR) as unknown as AsyncIterable<Uint8Array>;
    const ended = readEventStream(body, { data: () => {}, other: lines.put });
    expect(await lines.take()).toBe('retry: 500');
    for (let n = 0; n < 5; n++) expect(await lines.take()).toBe(': ');
    sessions.end();
    await ended;
    expect(sessions.size).toBe(0);
  });

  test('that nobody reads end the session', async () => {
    const sessions = sessionsOf();
    const body = sessions.open(VISITOR);
    const reader = body.getReader();
    await expect(reader.closed).rejects.toThrow('Nothing was read');
    expect(sessions.size).toBe(0);
  });
});
