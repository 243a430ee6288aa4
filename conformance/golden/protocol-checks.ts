import { isDeepStrictEqual } from 'node:util';
import type { Message } from '../../src/backend/testing/raw-session.ts';
import { isObject } from '../../src/protocol/json.ts';
import { atPath, differences, matches } from './compare-answer.ts';
import type { ExpectedMessage, ValueCheck } from './protocol-case.ts';

/** A triple as an answer has it, in the notation of the cases. */
export type NameTriple = (triple: readonly unknown[]) => unknown[];

/** What does not hold for a value of an answer, in words. */
export function checkDifferences(answer: unknown, check: ValueCheck): string[] {
  const { path, count, present, entityWithId, childCount, ...value } = check;
  const actual = atPath(answer, path);
  const shown = `${path} is ${JSON.stringify(actual)}`;
  const problems: string[] = [];
  if (count !== undefined && (!Array.isArray(actual) || actual.length !== count)) {
    problems.push(`${shown}, not ${count} items`);
  }
  const isThere = actual !== undefined && actual !== null;
  if (present !== undefined && present !== isThere) {
    problems.push(present ? `${path} is not there` : `${shown}, not absent`);
  }
  if (entityWithId === undefined)
    return [...problems, ...valueDifferences(answer, { path, ...value }, childCount)];
  const list = Array.isArray(actual) ? actual : [];
  const at = list.findIndex((one) => one.id === entityWithId);
  if (at < 0) return [...problems, `${shown}, without ${entityWithId}`];
  return [...problems, ...valueDifferences(answer, { ...value, path: `${path}[${at}]` }, childCount)];
}

function valueDifferences(
  answer: unknown,
  value: ValueCheck,
  childCount: ValueCheck['childCount'] = {},
): string[] {
  const saysValue = ['equals', 'contains', 'partial', 'type'].some((key) => key in value);
  return [
    ...(saysValue ? differences({ triples: [], tree: answer, pageInfo: {} }, { values: [value] }) : []),
    ...Object.entries(childCount).flatMap(([label, count]) =>
      checkDifferences(answer, { path: `${value.path}.${label}`, count }),
    ),
  ];
}

/** What does not hold for a message, in words. `nameTriple` is for the cases that expect triples. */
export function messageDifferences(
  message: Message,
  expected: ExpectedMessage,
  nameTriple: NameTriple = (triple) => triple.slice(0, 3),
): string[] {
  const { triples, triplesContainValue, values = [], present = [], absent = [], ...fields } = expected;
  const stored = triplesOf(message);
  const says = (holds: boolean, problem: string): string[] => (holds ? [] : [`${message.op}: ${problem}`]);
  return [
    ...Object.entries(fields).flatMap(([name, value]) =>
      says(
        isPart(message[name], value, VERBATIM.includes(name)),
        `${name} is ${JSON.stringify(message[name])}, not ${JSON.stringify(value)}`,
      ),
    ),
    ...present.flatMap((name) => says(Object.hasOwn(message, name), `${name} is not there`)),
    ...absent.flatMap((name) => says(!Object.hasOwn(message, name), `${name} is there`)),
    ...values.flatMap((check) => checkDifferences(message, check)),
    ...(triples ? differences({ triples: stored.map(nameTriple), tree: {}, pageInfo: {} }, { triples }) : []),
    ...says(
      triplesContainValue === undefined ||
        stored.some((triple) => isDeepStrictEqual(triple[2], triplesContainValue)),
      `no triple has the value ${JSON.stringify(triplesContainValue)}`,
    ),
  ];
}

/** Fields that hold what a client said, or what came of it: nothing may be in them that is not expected. */
const VERBATIM: readonly string[] = ['q', 'data', 'edits', 'topic'];

/** Whether `actual` has what is expected of it, and in a verbatim field nothing else. */
function isPart(actual: unknown, expected: unknown, verbatim: boolean): boolean {
  if (Array.isArray(expected) && !verbatim) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, index) => isPart(actual[index], item, false))
    );
  }
  if (verbatim || !isObject(expected) || '$type' in expected) return matches(actual, expected);
  return (
    isObject(actual) &&
    Object.entries(expected).every(([key, value]) => isPart(actual[key], value, VERBATIM.includes(key)))
  );
}

/** The triples of an answer, or of all that a refresh brings. */
function triplesOf({ result, computations }: Message): readonly unknown[][] {
  const results = Array.isArray(computations) ? atPath(computations, '[*].instaql-result') : [result];
  return (results as unknown[]).flatMap((one) => {
    const rows = atPath(one, '[0].data.datalog-result.join-rows');
    return Array.isArray(rows) ? rows.flat() : [];
  });
}
