import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectHolds } from './expect-holds.ts';
import { type ExpectedMessage, type ProtocolCase, unknownParts, type ValueCheck } from './protocol-case.ts';
import { checkDifferences, messageDifferences } from './protocol-checks.ts';
import { runProtocolCase } from './protocol-runner.ts';
import { readTokenStep } from './token-check.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = JSON.parse(readFileSync(join(folder, 'protocol-cases.json'), 'utf8')) as ProtocolCase[];

describe('golden protocol cases', () => {
  test.each(cases.map((testCase) => [testCase.id, testCase] as const))('%s', async (_, testCase) => {
    expectHolds(unknownParts(testCase));
    expectHolds(await runProtocolCase(folder, testCase));
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run', () => {
    const transports = cases.map(({ transport }) => transport);
    expect(transports.filter((transport) => transport === 'admin-http')).toHaveLength(12);
    expect(transports.filter((transport) => transport === 'websocket')).toHaveLength(9);
    expect(cases).toHaveLength(21);
  });
});

describe('the comparison of answers', () => {
  const answer = {
    users: [
      { id: 'e1', handle: 'joe', shelves: [{ id: 's1' }, { id: 's2' }] },
      { id: 'e2', handle: 'alex', shelves: [] },
    ],
    user: null,
  };

  test.each<[ValueCheck, boolean]>([
    [{ path: 'users[0].handle', equals: 'joe' }, true],
    [{ path: 'users[0].handle', equals: 'alex' }, false],
    [{ path: 'user', equals: null }, true],
    [{ path: 'users[0]', equals: null }, false],
    [{ path: 'users[*].handle', equals: ['alex', 'joe'], ordered: false }, true],
    [{ path: 'users[*].handle', equals: ['alex'], ordered: false }, false],
    [{ path: 'users[*].handle', contains: ['alex'] }, true],
    [{ path: 'users[*].handle', contains: ['mark'] }, false],
    [{ path: 'users', count: 2 }, true],
    [{ path: 'users', count: 1 }, false],
    [{ path: 'nowhere', count: 1 }, false],
    [{ path: 'users', present: true }, true],
    [{ path: 'user', present: true }, false],
    [{ path: 'user', present: false }, true],
    [{ path: 'users', present: false }, false],
    [{ path: 'users[0]', partial: { handle: 'joe' } }, true],
    [{ path: 'users[0]', partial: { handle: 'alex' } }, false],
    [{ path: 'users[0].handle', type: 'string' }, true],
    [{ path: 'users', type: 'string' }, false],
    [{ path: 'users[*].shelves[*].id', flatten: true, equals: ['s1', 's2'] }, true],
    [{ path: 'users[*].shelves[*].id', equals: ['s1', 's2'] }, false],
    [{ path: 'users', entityWithId: 'e2', partial: { handle: 'alex' } }, true],
    [{ path: 'users', entityWithId: 'e2', partial: { handle: 'joe' } }, false],
    [{ path: 'users', entityWithId: 'e3', partial: {} }, false],
    [{ path: 'users', entityWithId: 'e1', childCount: { shelves: 2 } }, true],
    [{ path: 'users', entityWithId: 'e1', childCount: { shelves: 0 } }, false],
  ])('holds an answer against %j: %s', (check, holds) => {
    expect(checkDifferences(answer, check).length === 0).toBe(holds);
  });

  test.each<[ExpectedMessage, boolean]>([
    [{ op: 'add-query-ok' }, true],
    [{ op: 'error' }, false],
    [{ op: 'add-query-ok', 'room-id': 'room-1' }, true],
    [{ op: 'add-query-ok', 'room-id': 'room-2' }, false],
    [{ op: 'add-query-ok', data: { a: { $type: 'string' } } }, true],
    [{ op: 'add-query-ok', data: {} }, false],
    [{ op: 'add-query-ok', 'original-event': { op: 'init' } }, true],
    [{ op: 'add-query-ok', 'original-event': { op: 'init', steps: [1] } }, true],
    [{ op: 'add-query-ok', 'original-event': { steps: [] } }, false],
    [{ op: 'add-query-ok', 'original-event': { more: { deep: 2 } } }, false],
    [{ op: 'add-query-ok', triples: [['e', 'a', 'RoboCop']] }, true],
    [{ op: 'add-query-ok', triples: [['e', 'a', 'Predator']] }, false],
    [{ op: 'add-query-ok', triples: [] }, false],
    [{ op: 'add-query-ok', present: ['data'], absent: ['attrs'] }, true],
    [{ op: 'add-query-ok', present: ['attrs'] }, false],
    [{ op: 'add-query-ok', absent: ['data'] }, false],
    [{ op: 'add-query-ok', triplesContainValue: 'RoboCop' }, true],
    [{ op: 'add-query-ok', triplesContainValue: 'Robo' }, false],
    [{ op: 'add-query-ok', values: [{ path: 'data.a', equals: 'b' }] }, true],
    [{ op: 'add-query-ok', values: [{ path: 'data.a', equals: 'c' }] }, false],
  ])('holds a message against %j: %s', (expected, holds) => {
    const result = [{ data: { 'datalog-result': { 'join-rows': [[['e', 'a', 'RoboCop', 1]]] } } }];
    const event = { op: 'init', steps: [1], more: { deep: 1 } };
    const message = {
      ...{ op: 'add-query-ok', 'room-id': 'room-1', data: { a: 'b' }, result },
      'original-event': event,
    };
    expect(messageDifferences(message, expected).length === 0).toBe(holds);
  });

  test.each<[object, boolean | undefined]>([
    [{ token: 't', expect: true }, true],
    [{ token: 't', expect: false }, false],
    [{ token: 't', expect: null }, false],
    [{ app: 'A', token: 't', expect: { valid: true } }, true],
    [{ 'refresh-token': 't', exists: false }, false],
    [{ $ref: { step: 0, path: 'body' }, absent: true }, false],
    [{ token: 't', expect: { status: 400 } }, false],
    [{ token: 't' }, undefined],
    [{ expect: true }, undefined],
    [{ token: 't', expect: 'maybe' }, undefined],
    [{ token: 't', expect: true, valid: false }, undefined],
    [{ token: 't', expect: true, other: 1 }, undefined],
  ])('reads what a token has to be from %j: %s', (fields, valid) => {
    expect(readTokenStep({ check: 'refresh-token', ...fields })?.valid).toBe(valid);
  });

  test('a case with a part that the runner does not know is told apart', () => {
    const [known] = cases as [ProtocolCase];
    const withSteps = (...sequence: object[]): string[] =>
      unknownParts({ ...known, sequence } as unknown as ProtocolCase);
    expect(unknownParts({ ...known, plan: {} } as ProtocolCase)).toEqual(['case.plan']);
    const request = { request: 'GET /', headers: {} };
    expect(withSteps({ ...request, expect: { body: [{ path: 'a', startsWith: 'b' }] } })).toEqual([
      'value.startsWith',
      'value without a check: a',
    ]);
    expect(withSteps({ ...request, expect: { attrs: { labels: [] } } })).toEqual(['attrs.labels']);
    expect(withSteps({ socket: 's1', send: {}, expect: [], after: 1 })).toEqual(['socket.after']);
    expect(withSteps({ check: 'another', token: 't', expect: true })).toHaveLength(1);
    expect(withSteps({ ...request, expect: { body: { type: 'param-missing' } } })).toHaveLength(1);
    expect(withSteps({ wait: 1 })).toHaveLength(1);
  });
});

// Forms that the format has and that none of the cases beside this file uses.
describe('a case that uses more of the format', () => {
  const admin = { 'app-id': '{B.id}', authorization: 'Bearer {B.adminToken}' };
  const attr = {
    ...{ id: '11111111-0000-4000-8000-000000000001', 'value-type': 'blob', cardinality: 'one' },
    ...{ 'unique?': false, 'index?': false },
    'forward-identity': ['11111111-0000-4000-8000-000000000002', 'goals', 'title'],
  };
  const init = { socket: 's1', send: { op: 'init', 'app-id': '{A.id}' }, expect: [{ op: 'init-ok' }] };
  const q = { movie: { $: { where: { title: 'RoboCop' } } } };
  const robocop = [
    ['eid-robocop', 'movie/id', 'eid-robocop'],
    ['eid-robocop', 'movie/title', 'RoboCop'],
    ['eid-robocop', 'movie/year', 1987],
  ];

  const run = (sequence: object[], more: object = {}): Promise<string[]> => {
    const apps = { A: 'movies', B: 'empty' };
    const testCase = { id: 'x', source: 'x', transport: 'admin-http', apps, sequence, ...more };
    return runProtocolCase(folder, testCase as unknown as ProtocolCase);
  };

  test('leaves out what is null, and follows attributes and tokens', async () => {
    const token = { $ref: { step: 2, path: 'body.user.refresh_token' } };
    const sequence: object[] = [
      { request: 'POST /admin/query', headers: { ...admin, 'app-id': null }, body: { query: {} } },
      { request: 'POST /admin/transact', headers: admin, body: { steps: [['add-attr', attr]] } },
      { request: 'POST /admin/refresh_tokens', headers: admin, body: { email: 'a@b.co' } },
      { check: 'refresh-token', app: 'B', token, expect: true },
      { request: 'POST /admin/sign_out', headers: admin, body: { email: 'a@b.co' } },
      { check: 'refresh-token', app: 'B', token, expect: false },
    ];
    const expected = [
      { status: 400, body: [{ path: 'type', equals: 'param-missing' }] },
      { status: 200, attrs: { present: [attr.id, 'goals/title'], forwardLabels: ['title'] } },
    ];
    const withExpected = sequence.map((step, at) =>
      expected[at] ? { ...step, expect: expected[at] } : step,
    );
    expect(await run(withExpected)).toEqual([]);
    const wrong = sequence.with(1, { ...sequence[1], expect: { attrs: { absent: [attr.id] } } });
    expect(await run(wrong.with(5, { ...sequence[5], expect: true }))).toHaveLength(2);
  });

  test('compares triples, puts rules in force, and refers to messages', async () => {
    const started = { $ref: { step: 2, path: 'stream-id' } };
    const stream = { op: 'start-stream', 'client-id': 'one', 'reconnect-token': attr.id };
    const append = { op: 'append-stream', 'stream-id': started, chunks: ['Hi'], offset: 0, done: true };
    const rules = { $streams: { allow: { create: 'true' } } };
    const sequence = [
      init,
      { socket: 's1', send: { op: 'add-query', q }, expect: [{ op: 'add-query-ok', q, triples: robocop }] },
      { socket: 's1', send: stream, expect: [{ op: 'start-stream-ok', 'stream-id': { $type: 'uuid' } }] },
      { socket: 's1', send: append, expect: [{ op: 'stream-flushed', offset: 2, done: true }] },
    ];
    expect(await run(sequence, { rules })).toEqual([]);
    expect(await run(sequence)).not.toEqual([]);
    const fewer = { op: 'add-query-ok', triples: robocop.slice(1) };
    expect(await run([init, { socket: 's1', send: { op: 'add-query', q }, expect: [fewer] }])).toHaveLength(
      1,
    );
  });

  test('waits for the refresh that is meant, whatever refreshes came before it', async () => {
    const versions = { '@instantdb/core': '0.20.5' };
    const title = (text: string): object => ({
      op: 'transact',
      'tx-steps': [['add-triple', 'eid-robocop', 'attr:movie/title', text]],
    });
    const ok = { op: 'transact-ok' };
    const after = { op: 'refresh-ok', triplesContainValue: 'second', absent: ['attrs'] };
    const movies = { movie: {} };
    const sequence = [
      { ...init, send: { ...init.send, versions } },
      { socket: 's1', send: { op: 'add-query', q: movies }, expect: [{ op: 'add-query-ok' }] },
      { socket: 's1', send: title('first'), expect: [ok] },
      { socket: 's1', send: title('second'), expect: [ok, after] },
    ];
    expect(await run(sequence)).toEqual([]);
    const early = sequence.with(3, { socket: 's1', send: title('second'), expect: [after, ok] });
    expect(await run(early)).toEqual([]);
  });

  test('tells what goes wrong instead of failing itself', async () => {
    const unheard = { socket: 's1', send: { op: 'init', 'app-id': '{C.id}' }, expect: [{ op: 'init-ok' }] };
    expect(await run([unheard])).toEqual(['Error: Nothing is known of {C.id}']);
  });
});
