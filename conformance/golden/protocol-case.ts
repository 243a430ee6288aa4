import type { JsonObject, JsonValue } from '../../src/protocol/json.ts';
import type { ValuesExpectation } from './compare-answer.ts';
import type { SetupOp } from './fixture.ts';
import { readTokenStep, type TokenStep } from './token-check.ts';
import type { AttrsExpectation } from './tx-expectations.ts';

/** A value of an answer, and what must hold for it. */
export interface ValueCheck extends ValuesExpectation {
  count?: number;
  /** Whether there must be a value, or must be none. */
  present?: boolean;
  /** The id of the entity of a list that `partial` and `childCount` are about. */
  entityWithId?: string;
  childCount?: Record<string, number>;
}

/** A message, as far as a case says what it holds. */
export interface ExpectedMessage extends Record<string, unknown> {
  op: string;
  /** All the triples of the answer, by name. */
  triples?: unknown[];
  triplesContainValue?: unknown;
  values?: ValueCheck[];
  /** Fields that it must have, or must not have, whatever is in them. */
  present?: string[];
  absent?: string[];
}

/** A request and its answer. A header or parameter that is null is left out. */
export interface HttpStep {
  request: string;
  headers?: Record<string, unknown>;
  params?: Record<string, unknown>;
  body?: unknown;
  expect?: { status?: number; body?: ValueCheck[]; attrs?: AttrsExpectation };
}

/** What a client sends, and what it and others then hear. */
export interface SocketStep {
  socket: string;
  send?: JsonObject;
  sendAll?: JsonObject[];
  expect?: ExpectedMessage[];
  anyOrder?: boolean;
  /** A field that must differ from message to message. */
  distinct?: string;
  alsoExpect?: Record<string, ExpectedMessage[]>;
}

export type Step = HttpStep | SocketStep | TokenStep;

/** A sequence of requests, or of messages, and what answers them. */
export interface ProtocolCase {
  id: string;
  source: string;
  transport: 'admin-http' | 'websocket';
  apps: Record<string, string>;
  names?: Record<string, string>;
  /** Of the first app where an op names none. */
  setup?: (SetupOp & { app?: string })[];
  /** In force in every app once `setup` has run. */
  rules?: JsonValue;
  sequence: Step[];
  notes?: string[];
}

const KNOWN = {
  case: [
    ...['id', 'source', 'testing', 'transport', 'apps', 'names', 'setup', 'rules', 'sequence'],
    ...['notes', 'flags'],
  ],
  request: ['request', 'headers', 'params', 'body', 'expect', 'testing', 'notes'],
  socket: ['socket', 'send', 'sendAll', 'expect', 'anyOrder', 'distinct', 'alsoExpect', 'testing', 'notes'],
  expectation: ['status', 'body', 'attrs'],
  attrs: ['byId', 'forwardLabels', 'reverseLabels', 'present', 'absent'],
  value: [
    ...['path', 'equals', 'contains', 'partial', 'type', 'ordered', 'multiset', 'flatten', 'dropNull'],
    ...['count', 'present', 'entityWithId', 'childCount'],
  ],
} as const;

/** What of a case the runner does not know: such a case cannot be said to hold. */
export function unknownParts(testCase: ProtocolCase): string[] {
  try {
    return [...unknown('case', testCase), ...testCase.sequence.flatMap(unknownOfStep)];
  } catch (error) {
    // Something is of another kind than it has in the format: an object where a list was to be.
    return [String(error)];
  }
}

function unknownOfStep(step: Step): string[] {
  if ('request' in step) {
    const { body = [], attrs = {} } = step.expect ?? {};
    return [
      ...unknown('request', step),
      ...unknown('expectation', step.expect ?? {}),
      ...unknown('attrs', attrs),
      ...body.flatMap(unknownOfValue),
    ];
  }
  if ('socket' in step) {
    const messages = [...(step.expect ?? []), ...Object.values(step.alsoExpect ?? {}).flat()];
    return [
      ...unknown('socket', step),
      ...messages.flatMap(({ values = [] }) => values).flatMap(unknownOfValue),
    ];
  }
  return readTokenStep(step) ? [] : [`step ${JSON.stringify(step)}`];
}

function unknownOfValue(check: ValueCheck): string[] {
  const isAboutValue = KNOWN.value.some((key) => !NO_CHECK.includes(key) && key in check);
  return [...unknown('value', check), ...(isAboutValue ? [] : [`value without a check: ${check.path}`])];
}

/** Keys of a check that do not say what must hold. */
const NO_CHECK: readonly string[] = ['path', 'ordered', 'multiset', 'flatten', 'dropNull'];

function unknown(kind: keyof typeof KNOWN, value: object): string[] {
  const known: readonly string[] = KNOWN[kind];
  return Object.keys(value).flatMap((key) => (known.includes(key) ? [] : [`${kind}.${key}`]));
}
