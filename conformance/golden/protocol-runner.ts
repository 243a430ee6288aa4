import { type Backend, type BackendApp, type DataSet, startBackend } from '@instantdb/node/backend';
import { type Message, RawSession } from '../../src/backend/testing/raw-session.ts';
import type { Attr } from '../../src/protocol/attr.ts';
import type { JsonObject } from '../../src/protocol/json.ts';
import { CaseValues } from './case-values.ts';
import { type OpenCase, openCase } from './fixture.ts';
import type { ExpectedMessage, HttpStep, ProtocolCase, SocketStep, Step } from './protocol-case.ts';
import { checkDifferences, messageDifferences } from './protocol-checks.ts';
import { readTokenStep, type TokenStep } from './token-check.ts';
import { type AttrsExpectation, attrDifferences, type WireAttr } from './tx-expectations.ts';

/** The title of every app of the source's tests. */
const SOURCE_TITLE = 'empty-app';

/** Runs a case against a backend of its own, and tells what does not hold, in words. Never rejects. */
export async function runProtocolCase(folder: string, testCase: ProtocolCase): Promise<string[]> {
  const backend = await startBackend();
  const problems: string[] = [];
  let run: Run | undefined;
  try {
    run = new Run(backend, folder, testCase);
    for (const [index, step] of testCase.sequence.entries()) {
      const found = await run.step(step);
      problems.push(...found.map((problem) => `step ${index}: ${problem}`));
    }
    problems.push(...run.unasked());
  } catch (error) {
    problems.push(String(error));
  } finally {
    run?.close();
    await backend.close();
  }
  return problems;
}

class Run {
  readonly #backend: Backend;
  readonly #apps = new Map<string, BackendApp>();
  readonly #values: CaseValues;
  readonly #sockets = new Map<string, RawSession>();
  /** The attributes as each client has been told of them. */
  readonly #attrs = new Map<string, Attr[]>();

  constructor(backend: Backend, folder: string, testCase: ProtocolCase) {
    this.#backend = backend;
    const names = Object.keys(testCase.apps);
    const opened = names.map((name) => openApp(folder, testCase, name));
    for (const [at, name] of names.entries()) {
      const app = backend.createApp({ title: SOURCE_TITLE });
      app.load(contentOf(opened[at] as OpenCase));
      if (testCase.rules) app.setRules(testCase.rules as JsonObject);
      this.#apps.set(name, app);
    }
    this.#values = new CaseValues(opened, this.#apps);
  }

  step(step: Step): Promise<string[]> {
    if ('request' in step) return this.#request(step);
    return 'socket' in step ? this.#exchange(step) : this.#checkToken(step);
  }

  async #request({ request, headers = {}, params = {}, body, expect = {} }: HttpStep): Promise<string[]> {
    const [method = '', path = ''] = request.split(' ');
    const url = new URL(this.#values.text(path), this.#backend.url);
    for (const [name, value] of this.#texts(params)) url.searchParams.set(name, value);
    const sent = Object.fromEntries(this.#texts(headers));
    const answer = await ask(url, {
      method,
      headers: { 'content-type': 'application/json', ...sent },
      ...(body !== undefined && { body: JSON.stringify(this.#values.fill(body)) }),
    });
    this.#values.noteAnswer(answer);
    const { status, body: checks = [], attrs } = this.#values.fill(expect) as NonNullable<HttpStep['expect']>;
    const problems = checks.flatMap((check) => checkDifferences(answer.body, check));
    if (status !== undefined && status !== answer.status)
      problems.push(`status ${answer.status}, not ${status}`);
    if (attrs) problems.push(...(await this.#attrDifferences(sent['app-id'], attrs)));
    return problems.map((problem) => `${problem}; the answer: ${JSON.stringify(answer).slice(0, 500)}`);
  }

  /** What headers or parameters are sent, with values filled in: those that are null are not. */
  #texts(values: object): [string, string][] {
    return Object.entries(this.#values.fill(values) as object).flatMap(([name, value]) =>
      value === null ? [] : [[name, String(value)]],
    );
  }

  async #attrDifferences(appId: string | undefined, expected: AttrsExpectation): Promise<string[]> {
    const app = [...this.#apps.values()].find(({ id }) => id === appId);
    if (!app) return [`attributes of an app of no case are expected: ${appId}`];
    const url = new URL(`/dash/apps/${app.id}/schema/pull`, this.#backend.url);
    const { body } = await ask(url, { headers: { authorization: `Bearer ${app.adminToken}` } });
    return attrDifferences((body as { attrs: WireAttr[] }).attrs, expected);
  }

  async #checkToken(step: TokenStep): Promise<string[]> {
    const check = readTokenStep(step);
    if (!check) return [`not understood: ${JSON.stringify(step)}`];
    const [first = ''] = this.#apps.keys();
    const body = {
      'app-id': this.#apps.get(check.app ?? first)?.id,
      'refresh-token': this.#values.fill(check.token),
    };
    const url = new URL('/runtime/auth/verify_refresh_token', this.#backend.url);
    const answer = await ask(url, { method: 'POST', body: JSON.stringify(body) });
    this.#values.noteAnswer(answer);
    return (answer.status === 200) === check.valid
      ? []
      : [`the token is ${check.valid ? 'no longer' : 'still'} good: ${JSON.stringify(answer)}`];
  }

  async #exchange({ socket: name, expect = [], alsoExpect = {}, ...step }: SocketStep): Promise<string[]> {
    const socket = await this.#socket(name);
    for (const message of step.sendAll ?? [step.send]) {
      if (message) socket.sendRaw(JSON.stringify(this.#values.fill(message)));
    }
    const isOrdered = step.anyOrder !== true;
    const { heard, problems } = await this.#hear(name, expect, isOrdered);
    this.#values.noteAnswer(heard);
    for (const [other, expected] of Object.entries(alsoExpect)) {
      problems.push(...(await this.#hear(other, expected, isOrdered)).problems);
    }
    if (step.distinct !== undefined) {
      const values = heard.map((message) => message[step.distinct as string]);
      if (new Set(values).size !== values.length)
        problems.push(`${step.distinct} is the same twice: ${values}`);
    }
    return problems;
  }

  async #socket(name: string): Promise<RawSession> {
    const open = this.#sockets.get(name) ?? (await RawSession.open(this.#backend.websocketURI));
    this.#sockets.set(name, open);
    return open;
  }

  /** Waits for what a client is to hear. What new attributes or results bring in between is passed over. */
  async #hear(
    name: string,
    expected: readonly ExpectedMessage[],
    isOrdered: boolean,
  ): Promise<{ heard: Message[]; problems: string[] }> {
    const socket = await this.#socket(name);
    const heard: Message[] = [];
    const left = [...expected];
    const problems: string[] = [];
    const passedOver: string[] = [];
    while (left.length > 0) {
      const awaitsRefresh = left.some(({ op }) => op === 'refresh-ok');
      const message = await socket
        .take(({ op }) => awaitsRefresh || op !== 'refresh-ok')
        .catch(() => undefined);
      if (!message)
        return { heard, problems: [...problems, ...passedOver, `not heard: ${JSON.stringify(left)}`] };
      this.#noteGreeting(name, message);
      const { at, differences } = this.#find(name, message, left, isOrdered);
      if (message.op === 'refresh-ok' && differences.length > 0) {
        passedOver.push(...differences);
        continue;
      }
      heard.push(message);
      problems.push(...differences);
      left.splice(at, 1);
    }
    return { heard, problems };
  }

  /** Which of the messages that are still expected is heard, and what does not hold for it. */
  #find(
    name: string,
    message: Message,
    expected: readonly ExpectedMessage[],
    isOrdered: boolean,
  ): { at: number; differences: string[] } {
    const attrs = this.#attrs.get(name) ?? [];
    const found = expected.map((one) => {
      const filled = this.#values.fill(one) as ExpectedMessage;
      return messageDifferences(message, filled, (triple) => this.#values.nameTriple(triple, attrs));
    });
    const fits = found.findIndex((differences) => differences.length === 0);
    const sameOp = expected.findIndex(({ op }) => op === message.op);
    // A refresh may come before or after what answers the transaction that it is of.
    const first = expected.findIndex(({ op }) => op !== 'refresh-ok');
    const isNext = isOrdered && message.op !== 'refresh-ok';
    const at = Math.max(isNext ? first : fits >= 0 ? fits : sameOp, 0);
    return { at, differences: found[at] ?? [] };
  }

  #noteGreeting(name: string, message: Message): void {
    const attrs = message.attrs as unknown as Attr[] | undefined;
    if (attrs) this.#attrs.set(name, attrs);
    if (message.op === 'init-ok') this.#values.noteSession(name, String(message['session-id']));
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
}

/** The data of one app of a case, after the setup that is meant for it. */
function openApp(
  folder: string,
  { id, source, apps, names, setup = [], sequence }: ProtocolCase,
  app: string,
): OpenCase {
  const [first] = Object.keys(apps);
  return openCase(folder, {
    id,
    source,
    dataset: String(apps[app]),
    setup: setup.filter((op) => (op.app ?? first) === app),
    steps: sequence.flatMap(stepsOf),
    auth: null,
    ...(names && { names }),
  });
}

/** The steps of a transaction that a step of the sequence sends: they may bring attributes. */
function stepsOf(step: Step): unknown[] {
  if ('request' in step) return listOf((step.body as { steps?: unknown } | undefined)?.steps);
  if (!('socket' in step)) return [];
  return (step.sendAll ?? [step.send]).flatMap((message) => listOf(message?.['tx-steps']));
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value.filter(Array.isArray) : [];
}

async function ask(url: URL, init: RequestInit): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, init);
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
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
