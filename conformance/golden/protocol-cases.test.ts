import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkDifferences,
  type ExpectedMessage,
  messageDifferences,
  type ProtocolCase,
  runProtocolCase,
  unknownParts,
  type ValueCheck,
} from './protocol-runner.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = JSON.parse(readFileSync(join(folder, 'protocol-cases.json'), 'utf8')) as ProtocolCase[];

describe('golden protocol cases', () => {
  test.each(cases.map((testCase) => [testCase.id, testCase] as const))('%s', async (_, testCase) => {
    expect(unknownParts(testCase)).toEqual([]);
    expect(await runProtocolCase(folder, testCase)).toEqual([]);
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
    [{ op: 'add-query-ok', triplesContainValue: 'RoboCop' }, true],
    [{ op: 'add-query-ok', triplesContainValue: 'Robo' }, false],
    [{ op: 'add-query-ok', values: [{ path: 'data.a', equals: 'b' }] }, true],
    [{ op: 'add-query-ok', values: [{ path: 'data.a', equals: 'c' }] }, false],
  ])('holds a message against %j: %s', (expected, holds) => {
    const result = [{ data: { 'datalog-result': { 'join-rows': [[['e', 'a', 'RoboCop', 1]]] } } }];
    const message = { op: 'add-query-ok', 'room-id': 'room-1', data: { a: 'b' }, result };
    expect(messageDifferences(message, expected).length === 0).toBe(holds);
  });

  test('a case with a part that the runner does not know is told apart', () => {
    const [known] = cases as [ProtocolCase];
    expect(unknownParts({ ...known, rules: {} } as ProtocolCase)).toEqual(['case.rules']);
    const steps = [{ request: 'GET /', headers: {}, expect: { body: [{ path: 'a', startsWith: 'b' }] } }];
    const strange = { ...known, transport: 'admin-http', sequence: steps } as unknown as ProtocolCase;
    expect(unknownParts(strange)).toEqual(['check.startsWith']);
  });
});
