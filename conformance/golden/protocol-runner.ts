import { isDeepStrictEqual } from 'node:util';
import { type Backend, type BackendApp, type DataSet, startBackend } from '@instantdb/node/backend';
import { type Message, RawSession } from '../../src/backend/testing/raw-session.ts';
import type { JsonObject } from '../../src/protocol/json.ts';
import { atPath, differences, matches, type ValuesExpectation } from './compare-answer.ts';
import { type OpenCase, openCase, type SetupOp } from './fixture.ts';

/** A value of an answer, and what must hold for it. */
export interface ValueCheck extends Partial<ValuesExpectation> {
  path: string;
  contains?: unknown[];
  count?: number;
  present?: true;
  entityWithId?: string;
  partial?: Record<string, unknown>;
  childCount?: Record<string, number>;
}

/** A message, as far as a case says what it holds. */
export interface ExpectedMessage extends Record<string, unknown> {
  op: string;
  triplesContainValue?: unknown;
  values?: ValueCheck[];
}

interface HttpStep {
  request: string;
  headers: Record<string, unknown>;
  params?: Record<string, unknown>;
  body?: unknown;
  expect: { status?: number; body?: ValueCheck[] };
}

interface SocketStep {
  socket: string;
  send?: JsonObject;
  sendAll?: JsonObject[];
  expect: ExpectedMessage[];
  anyOrder?: boolean;
  distinct?: string;
  alsoExpect?: Record<string, ExpectedMessage[]>;
}

/** A sequence of requests, or of messages, and what answers them. */
export interface ProtocolCase {
  id: string;
  source: string;
  transport: 'admin-http' | 'websocket';
  apps: Record<string, string>;
  setup?: (SetupOp & { app: string })[];
  sequence: (HttpStep | SocketStep)[];
  notes?: string[];
}

const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  case: ['id', 'source', 'testing', 'transport', 'apps', 'setup', 'sequence', 'notes'],
  'admin-http': ['request', 'headers', 'params', 'body', 'expect'],
  websocket: ['socket', 'send', 'sendAll', 'expect', 'anyOrder', 'distinct', 'alsoExpect'],
  expectation: ['status', 'body'],
  check: [
    'path',
    'equals',
    'ordered',
    'multiset',
    'contains',
    'count',
    'present',
    'entityWithId',
    'partial',
    'childCount',
  ],
};

/** What of a case this runner does not know: such a case cannot be said to hold. */
export function unknownParts(testCase: ProtocolCase): string[] {
  const unknown = (kind: string, value: object): string[] =>
    Object.keys(value).flatMap((key) => (KNOWN_KEYS[kind]?.includes(key) ? [] : [`${kind}.${key}`]));
  return [
    ...unknown('case', testCase),
    ...testCase.sequence.flatMap((step) => [
      ...unknown(testCase.transport, step),
      ...('request' in step ? unknown('expectation', step.expect) : []),
      ...checksOf(step).flatMap((check) => unknown('check', check)),
    ]),
  ];
}

function checksOf(step: HttpStep | SocketStep): ValueCheck[] {
  if ('request' in step) return step.expect.body ?? [];
  const messages = [step.expect, ...Object.values(step.alsoExpect ?? {})].flat();
  return messages.flatMap(({ values }) => values ?? []);
}

/** Runs a case against a backend of its own, and tells what does not hold, in words. */
export async function runProtocolCase(folder: string, testCase: ProtocolCase): Promise<string[]> {
  const backend = await startBackend();
  const run = new Run(backend, folder, testCase);
  try {
    const problems: string[] = [];
    for (const [index, step] of testCase.sequence.entries()) {
      const found = 'request' in step ? await run.request(step) : await run.exchange(step);
      problems.push(...found.map((problem) => `step ${index}: ${problem}`));
    }
    return [...problems, ...run.unasked()];
  } finally {
    run.close();
    await backend.close();
  }
}

class Run {
  readonly #backend: Backend;
  readonly #apps: ReadonlyMap<string, BackendApp>;
  readonly #names: OpenCase[] = [];
  readonly #answers: { status: number; body: unknown }[] = [];
  readonly #sockets = new Map<string, RawSession>();
  readonly #sessionIds = new Map<string, string>();

  constructor(backend: Backend, folder: string, testCase: ProtocolCase) {
    this.#backend = backend;
    const apps = Object.entries(testCase.apps).map(([name, dataset]): [string, BackendApp] => {
      const setup = testCase.setup?.filter((op) => op.app === name) ?? [];
      const opened = openCase(folder, {
        id: testCase.id,
        source: testCase.source,
        dataset,
        setup,
        auth: null,
      });
      this.#names.push(opened);
      const app = backend.createApp();
      app.load(contentOf(opened));
      return [name, app];
    });
    this.#apps = new Map(apps);
  }

  async request(step: HttpStep): Promise<string[]> {
    const [method = '', path = ''] = step.request.split(' ');
    const url = new URL(path, this.#backend.url);
    for (const [name, value] of Object.entries(this.#fill(step.params ?? {}) as object)) {
      url.searchParams.set(name, String(value));
    }
    const response = await fetch(url, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(this.#fill(step.headers) as Record<string, string>),
      },
      ...(step.body !== undefined && { body: JSON.stringify(this.#fill(step.body)) }),
    });
    const answer = { status: response.status, body: await response.json() };
    this.#answers.push(answer);
    const { status, body = [] } = this.#fill(step.expect) as HttpStep['expect'];
    const problems = body.flatMap((check) => checkDifferences(answer.body, check));
    if (status !== undefined && status !== answer.status)
      problems.push(`status ${answer.status}, not ${status}`);
    return problems.map((problem) => `${problem}; the answer: ${JSON.stringify(answer).slice(0, 500)}`);
  }

  async exchange(step: SocketStep): Promise<string[]> {
    const socket = await this.#socket(step.socket);
    for (const message of step.sendAll ?? [step.send]) {
      if (message) socket.sendRaw(JSON.stringify(this.#fill(message)));
    }
    const heard = await this.#hear(socket, step.expect);
    this.#noteSession(step.socket, heard);
    const problems = this.#compare(heard, step.expect, step.anyOrder === true);
    for (const [name, expected] of Object.entries(step.alsoExpect ?? {})) {
      const other = await this.#socket(name);
      problems.push(...this.#compare(await this.#hear(other, expected), expected, step.anyOrder === true));
    }
    if (step.distinct !== undefined) {
      const field = step.distinct;
      const values = heard.map((message) => message[field]);
      if (new Set(values).size !== values.length) problems.push(`${field} is the same twice: ${values}`);
    }
    return problems;
  }

  /** What was heard and no step expects. New attributes come unasked; nothing else may. */
  unasked(): string[] {
    return [...this.#sockets].flatMap(([name, socket]) =>
      socket.pending
        .filter((message) => message.op !== 'refresh-ok')
        .map((message) => `${name} heard, and nothing expects: ${JSON.stringify(message)}`),
    );
  }

  close(): void {
    for (const socket of this.#sockets.values()) void socket.close();
  }

  async #socket(name: string): Promise<RawSession> {
    const open = this.#sockets.get(name) ?? (await RawSession.open(this.#backend.websocketURI));
    this.#sockets.set(name, open);
    return open;
  }

  #noteSession(name: string, heard: readonly Message[]): void {
    const greeting = heard.find(({ op }) => op === 'init-ok');
    if (greeting) this.#sessionIds.set(name, String(greeting['session-id']));
  }

  /** As many messages as are expected, of the operations that are expected; new attributes may come in between. */
  async #hear(socket: RawSession, expected: readonly ExpectedMessage[]): Promise<Message[]> {
    const ops = new Set(expected.map(({ op }) => op));
    const heard: Message[] = [];
    while (heard.length < expected.length) {
      heard.push(
        await socket.take(({ op }) => ops.has(op) || (op !== 'refresh-ok' && !ops.has('refresh-ok'))),
      );
    }
    return heard;
  }

  #compare(heard: readonly Message[], expected: readonly ExpectedMessage[], anyOrder: boolean): string[] {
    const left = [...heard];
    return expected.flatMap((message) => {
      const filled = this.#fill(message) as ExpectedMessage;
      const at = anyOrder ? left.findIndex((one) => messageDifferences(one, filled).length === 0) : 0;
      const [candidate] = left.splice(Math.max(at, 0), at < 0 ? 0 : 1);
      if (!candidate) return [`not heard: ${JSON.stringify(filled)}; heard: ${JSON.stringify(left)}`];
      return messageDifferences(candidate, filled);
    });
  }

  /** A value with the ids for names and placeholders, keys included. */
  #fill(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.#fill(item));
    if (typeof value !== 'object' || value === null) return value;
    const ref = (value as { $ref?: { step: number; path: string } }).$ref;
    if (ref) return this.#answered(ref);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.#text(key), this.#fill(item)]),
    );
  }

  #answered({ step, path }: { step: number; path: string }): unknown {
    const found = atPath(this.#answers[step], path);
    if (found === undefined) throw new Error(`The answer to step ${step} has nothing at "${path}"`);
    return found;
  }

  #text(text: string): string {
    const filled = text.replace(/\{(\w+)\.([\w-]+)\}/g, (_, name: string, field: string) =>
      this.#placeholder(name, field),
    );
    const [ids] = this.#names;
    return ids ? String(ids.toIds(filled)) : filled;
  }

  #placeholder(name: string, field: string): string {
    const app = this.#apps.get(name);
    if (app && (field === 'id' || field === 'adminToken')) return app[field];
    const session = field === 'session-id' ? this.#sessionIds.get(name) : undefined;
    if (session !== undefined) return session;
    throw new Error(`Nothing is known of {${name}.${field}}`);
  }
}

/** All that the app of a case holds. */
export function contentOf({ data }: OpenCase): DataSet {
  const attrs = data.catalog.list();
  return {
    attrs: attrs.filter((attr) => attr.catalog === 'user'),
    triples: attrs.flatMap((attr) => [...data.triples.attr(attr.id)]),
  };
}

/** What does not hold for a message, in words. */
export function messageDifferences(message: Message, expected: ExpectedMessage): string[] {
  const { triplesContainValue, values = [], ...fields } = expected;
  return [
    ...Object.entries(fields).flatMap(([name, value]) =>
      matches(message[name], value)
        ? []
        : [`${message.op}.${name} is ${JSON.stringify(message[name])}, not ${JSON.stringify(value)}`],
    ),
    ...values.flatMap((check) => checkDifferences(message, check)),
    ...(triplesContainValue === undefined || hasTripleWith(message.result, triplesContainValue)
      ? []
      : [`no triple has the value ${JSON.stringify(triplesContainValue)}`]),
  ];
}

/** What does not hold for a value of an answer, in words. */
export function checkDifferences(answer: unknown, check: ValueCheck): string[] {
  const { path, contains, count, present, entityWithId, partial, childCount, ...plain } = check;
  const actual = atPath(answer, path);
  const shown = `${path} is ${JSON.stringify(actual)}`;
  const problems: string[] = [];
  if ('equals' in plain) {
    const value = { path, ...plain } as ValuesExpectation;
    problems.push(...differences({ triples: [], tree: answer, pageInfo: {} }, { values: [value] }));
  }
  const list = Array.isArray(actual) ? actual : [];
  if (contains && !contains.every((item) => list.some((one) => matches(one, item)))) {
    problems.push(`${shown}, without ${JSON.stringify(contains)}`);
  }
  if (count !== undefined && list.length !== count) problems.push(`${shown}, not ${count} items`);
  if (present && (actual === undefined || actual === null)) problems.push(`${path} is not there`);
  if (entityWithId !== undefined) {
    const entity = list.find((one) => one.id === entityWithId);
    if (!entity) problems.push(`${shown}, without ${entityWithId}`);
    for (const [label, value] of Object.entries(partial ?? {})) {
      if (!isDeepStrictEqual(entity?.[label], value)) problems.push(`${shown}: ${label} is not ${value}`);
    }
    for (const [label, size] of Object.entries(childCount ?? {})) {
      if (entity?.[label]?.length !== size) problems.push(`${shown}: ${label} has not ${size} items`);
    }
  }
  return problems;
}

function hasTripleWith(result: unknown, value: unknown): boolean {
  const rows = atPath(result, '[0].data.datalog-result.join-rows');
  return Array.isArray(rows) && rows.flat().some((triple) => isDeepStrictEqual(triple[2], value));
}
