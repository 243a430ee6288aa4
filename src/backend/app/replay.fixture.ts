import { canonicalJson, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import type { Backend, BackendApp, Snapshot } from '../index.ts';
import type { Message } from '../testing/raw-session.ts';
import { Recorder } from '../testing/recorder.ts';

/** The role a session acts in. */
export type Role = 'admin' | 'visitor';

/** An acknowledged transaction. */
export interface Acknowledged {
  readonly txId: number;
  readonly steps: JsonValue;
}

/** The credentials to add to `init` for a role. */
export function credentials(app: BackendApp, role: Role): JsonObject {
  return role === 'admin' ? { '__admin-token': app.adminToken } : {};
}

/** A query, with the latest transaction that its answer must include. */
export interface Question {
  readonly role: Role;
  readonly q: JsonValue;
  readonly txId: number;
}

/** The answers to queries as of each transaction, found by replaying them one by one. */
export class Replay {
  readonly #answers: ReadonlyMap<string, string>;

  private constructor(answers: ReadonlyMap<string, string>) {
    this.#answers = answers;
  }

  /**
   * Replays transactions one by one on an app with the same initial state, and asks each question again at its point in
   * time.
   */
  static async run(
    backend: Backend,
    initial: Snapshot,
    { transactions, questions }: { transactions: readonly Acknowledged[]; questions: readonly Question[] },
  ): Promise<Replay> {
    const app = backend.createApp();
    app.restore(initial);
    const sessions = {
      admin: await open(backend, app, 'admin'),
      visitor: await open(backend, app, 'visitor'),
    };
    const waiting = new Map(questions.map((question) => [keyOf(question), question]));
    const answers = new Map<string, string>();
    const askBefore = async (txId: number): Promise<void> => {
      const due = [...waiting].filter(([, question]) => question.txId < txId);
      const asked = due.map(async ([key, { role, q }]) => {
        waiting.delete(key);
        answers.set(key, await askAnew(sessions[role], q));
      });
      await Promise.all(asked);
    };
    for (const { txId, steps } of transactions) {
      await askBefore(txId);
      const answer = await sessions.admin.ask({ op: 'transact', 'tx-steps': steps });
      if (answer.op !== 'transact-ok') throw new Error(`Refused on replay: ${JSON.stringify(answer)}`);
    }
    await askBefore(Number.POSITIVE_INFINITY);
    await Promise.all([sessions.admin.close(), sessions.visitor.close()]);
    return new Replay(answers);
  }

  /** The answer to one of the questions. */
  answer(question: Question): string {
    const answer = this.#answers.get(keyOf(question));
    if (answer === undefined) throw new Error(`Was not asked: ${JSON.stringify(question)}`);
    return answer;
  }
}

function keyOf({ role, q, txId }: Question): string {
  return `${role} ${txId} ${canonicalJson(q)}`;
}

async function open(backend: Backend, app: BackendApp, role: Role): Promise<Recorder> {
  const session = await Recorder.open(backend.websocketURI);
  const answer = await session.ask({ op: 'init', 'app-id': app.id, ...credentials(app, role) });
  if (answer.op !== 'init-ok') throw new Error(`Session refused: ${JSON.stringify(answer)}`);
  return session;
}

async function askAnew(session: Recorder, q: JsonValue): Promise<string> {
  const answer = session.ask({ op: 'add-query', q });
  session.send({ op: 'remove-query', q });
  return textOf((await answer).result);
}

type Result = [{ data: { 'datalog-result': { 'join-rows': JsonValue[][][] } } & JsonObject }];

/**
 * A result as text that is equal for equal results: without creation times, which a replay does not share, and without
 * the order of triples, which has no meaning.
 */
export function textOf(result: Message['result']): string {
  const [{ data }] = result as unknown as Result;
  const { 'datalog-result': rows, 'page-info': pages = {}, aggregate = null } = data;
  const triples = rows['join-rows'].flat().map((triple) => canonicalJson(triple.slice(0, 3)));
  const infos = Object.entries(pages as JsonObject).map(([etype, info]) => [
    etype,
    Object.entries(info as JsonObject).map(([name, value]) => [name, withoutTime(value)]),
  ]);
  return canonicalJson({ triples: triples.sort(), infos, aggregate });
}

/**
 * A cursor without its time. It ends with the time of its row, which is also its value when rows are ordered by time.
 */
function withoutTime(cursor: JsonValue | undefined): JsonValue | undefined {
  if (!Array.isArray(cursor)) return cursor;
  const [e = null, a = null, v = null, t = null] = cursor;
  return v === t ? [e, a] : [e, a, v];
}
