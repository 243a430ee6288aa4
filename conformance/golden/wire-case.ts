import type { Backend, BackendApp, Snapshot } from '@instantdb/node/backend';
import { snapshotOf } from '../../src/backend/app/data-set.ts';
import { HttpClient, type Reply } from '../../src/backend/testing/http-client.ts';
import { type Message, RawSession, VERSIONS } from '../../src/backend/testing/raw-session.ts';
import { type Attr, etypeOf, labelOf, type Triple } from '../../src/protocol/attr.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../src/protocol/json.ts';
import { runInCore } from '../core-engine.ts';
import type { NamedAnswer } from './compare-answer.ts';
import { type GoldenCase, type NamedTriple, type OpenCase, openCase } from './fixture.ts';
import type { UploadOp } from './perm-case.ts';
import type { WireAttr, WireError } from './tx-expectations.ts';
import type { CaseApp } from './tx-run.ts';
import { uploadFile } from './upload.ts';

type Auth = GoldenCase['auth'];

/** How a query is asked, and what makes its answer an object tree. */
export interface AskOptions {
  auth: Auth;
  layer?: string | undefined;
  inference?: boolean | undefined;
}

/** An answer in the notation of the cases, and with the ids of the wire. */
export interface WireAnswer extends NamedAnswer {
  /** The pages, as sent. */
  rawPageInfo: Record<string, Record<string, unknown>>;
}

interface SignedIn {
  user: { id: string; refresh_token: string };
}

interface Greeted {
  session: RawSession;
  attrs: Attr[];
}

/** An error message of the server that a case may expect. */
export class WireRefusal extends Error {
  readonly error: WireError;

  constructor({ type, message, hint }: Message) {
    super(`Refused: ${JSON.stringify({ type, message, hint })}`);
    this.error = { type: String(type), message: String(message), hint };
  }
}

/** The app of one case in a running backend, reached by nothing but the wire. */
export class WireCase implements CaseApp {
  readonly app: BackendApp;
  readonly opened: OpenCase;
  /** Asks over HTTP with the admin token. */
  readonly admin: HttpClient;
  readonly #backend: Backend;
  readonly #sessions: RawSession[] = [];
  readonly #refreshTokens = new Map<string, string>();

  constructor(backend: Backend, folder: string, testCase: GoldenCase & { rules?: JsonValue }) {
    this.#backend = backend;
    this.opened = openCase(folder, testCase);
    this.app = backend.createApp();
    this.admin = new HttpClient(backend.url, { 'app-id': this.app.id }).as(this.app.adminToken);
    this.app.restore({ ...snapshotOf(this.opened.data), rules: testCase.rules ?? null });
  }

  /**
   * The answer to a query in a session of its own: the triples as join-rows, the tree as the case's layer gets it.
   *
   * @throws {WireRefusal} when the query is refused.
   */
  async answer(query: unknown, options: AskOptions): Promise<WireAnswer> {
    const q = this.opened.toIds(query) as JsonValue;
    const { session, attrs } = await this.#greeted(options.auth);
    const answer = await ask(session, { op: 'add-query', q }, 'add-query-ok');
    const { triples, pageInfo, aggregate } = rowsOf(answer);
    const tree = options.inference
      ? await this.#adminTree(q, options.auth)
      : options.layer === 'client'
        ? runInCore(attrs, triples, q, pageInfo)
        : await treeOf(session, q, pageInfo);
    return {
      triples: triples.map((triple) => this.#nameTriple(triple, attrs)),
      tree: this.opened.toNames(tree),
      pageInfo: this.#namePageInfo(pageInfo, attrs),
      rawPageInfo: pageInfo,
      aggregate,
    };
  }

  /** Sends a transaction, in the steps of the wire or of the admin API; what it is refused with, where it is. */
  async refusal(steps: unknown, auth: Auth, api?: 'admin'): Promise<WireError | undefined> {
    if (api) return this.#adminRefusal(steps, auth);
    const { session } = await this.#greeted(auth);
    return refusalOf(async () => {
      const message = { op: 'transact', 'tx-steps': this.opened.stepsOf(steps) as JsonValue };
      await ask(session, message, 'transact-ok');
    });
  }

  /**
   * A refresh token of the user as whom something is asked; undefined for nobody and for an admin. A user of whom the
   * case says more than the app knows is given that: `auth` is to hold it in the rules.
   */
  async signIn(auth: Auth): Promise<string | undefined> {
    if (!auth?.user || auth.user.id === null) return undefined;
    const { id, email, type, ...values } = this.opened.toIds(auth.user) as JsonObject;
    const key = canonicalJson(auth.user);
    const known = this.#refreshTokens.get(key);
    if (known !== undefined) return known;
    const named = id === undefined && email !== undefined ? { email } : { id: id ?? crypto.randomUUID() };
    const { user } = answered(await this.admin.post('/admin/refresh_tokens', named)) as SignedIn;
    const steps = [['update', '$users', user.id, { ...values, ...(email !== undefined && { email }) }]];
    const isTold = Object.keys(values).length > 0 || email !== undefined;
    if (isTold) answered(await this.admin.post('/admin/transact', { steps }));
    this.#refreshTokens.set(key, user.refresh_token);
    return user.refresh_token;
  }

  /** Puts rules in force, null for none; what they are refused with, where they are. */
  async setRules(rules: unknown): Promise<WireError | undefined> {
    if (rules !== null) return this.pushRules(rules);
    // Nobody can take rules away over HTTP.
    this.app.setRules(null);
    return undefined;
  }

  /** Pushes rules; what they are refused with, where they are. */
  async pushRules(rules: unknown): Promise<WireError | undefined> {
    const { status, body } = await this.admin.post(`/dash/apps/${this.app.id}/rules`, {
      code: rules as JsonValue,
    });
    return status === 200 ? undefined : (body as WireError);
  }

  /** Uploads a file as an admin. */
  async upload(op: UploadOp): Promise<void> {
    const headers = { 'app-id': this.app.id, authorization: `Bearer ${this.app.adminToken}` };
    answered(await uploadFile(this.#backend.url, op, headers));
  }

  /** All that is stored. */
  everything(): Snapshot {
    return this.app.snapshot();
  }

  /** The attributes as a new session is told of them, and the triples of these. */
  async stored(): Promise<{ attrs: WireAttr[]; triples: NamedTriple[] }> {
    const { attrs } = await this.#greeted(null);
    const known = new Set(attrs.map(({ id }) => id));
    const triples = this.app.snapshot().triples.filter(([, a]) => known.has(a));
    return {
      attrs: attrs as unknown as WireAttr[],
      triples: triples.map((triple) => this.#nameTriple(triple, attrs)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()));
  }

  async #greeted(auth: Auth): Promise<Greeted> {
    const session = await RawSession.open(this.#backend.websocketURI);
    this.#sessions.push(session);
    const init = {
      op: 'init',
      'app-id': this.app.id,
      versions: VERSIONS,
      ...(await this.#credentials(auth)),
    };
    const { attrs } = await ask(session, init, 'init-ok');
    return { session, attrs: attrs as unknown as Attr[] };
  }

  async #credentials(auth: Auth): Promise<JsonObject> {
    if (auth?.admin) return { '__admin-token': this.app.adminToken };
    const token = await this.signIn(auth);
    return token === undefined ? {} : { 'refresh-token': token };
  }

  /** The tree in which links of cardinality one are objects: only the admin API gives it. */
  async #adminTree(query: JsonValue, auth: Auth): Promise<unknown> {
    const client = await this.#adminAs(auth);
    return answered(await client.post('/admin/query', { query, 'inference?': true }));
  }

  async #adminRefusal(steps: unknown, auth: Auth): Promise<WireError | undefined> {
    const client = await this.#adminAs(auth);
    const { status, body } = await client.post('/admin/transact', {
      steps: this.opened.toIds(steps) as JsonValue,
    });
    return status === 200 ? undefined : body;
  }

  /** The admin API on behalf of somebody. */
  async #adminAs(auth: Auth): Promise<HttpClient> {
    return auth?.admin ? this.admin : this.admin.with(asUser(await this.signIn(auth)));
  }

  #namePageInfo(pageInfo: Rows['pageInfo'], attrs: readonly Attr[]): NamedAnswer['pageInfo'] {
    const named = this.opened.toNames(pageInfo) as NamedAnswer['pageInfo'];
    for (const cursor of Object.values(named).flatMap((info) => Object.values(info))) {
      if (Array.isArray(cursor)) cursor[1] = nameOf(cursor[1], attrs);
    }
    return named;
  }

  #nameTriple([e, a, v]: Triple, attrs: readonly Attr[]): NamedTriple {
    return [String(this.opened.toNames(e)), nameOf(a, attrs), this.opened.toNames(v)];
  }
}

/** The app of one case, whose transactions go through the admin API. */
export class AdminCase extends WireCase {
  override async refusal(steps: unknown, auth: Auth): Promise<WireError | undefined> {
    const client = this.admin.with(auth?.admin ? {} : asUser(await this.signIn(auth)));
    const body = { steps: this.opened.toIds(steps) as JsonValue };
    const reply = await client.post('/admin/transact', body);
    if (reply.status === 200) return undefined;
    if (reply.status === 400) return reply.body as WireError;
    throw new Error(`Steps are answered with ${reply.status}: ${JSON.stringify(reply.body)}`);
  }
}

function nameOf(attrId: string, attrs: readonly Attr[]): string {
  const attr = attrs.find(({ id }) => id === attrId);
  return attr ? `${etypeOf(attr)}/${labelOf(attr)}` : attrId;
}

/** The headers by which an admin's request runs as the user of a token, or as nobody. */
export function asUser(token: string | undefined): Record<string, string> {
  return token === undefined ? { 'as-guest': 'true' } : { 'as-token': token };
}

function answered({ status, body }: Reply): unknown {
  if (status === 200) return body;
  throw new Error(`A request is answered with ${status}: ${JSON.stringify(body)}`);
}

/** What `work` is refused with, where it is. */
export async function refusalOf(work: () => Promise<unknown>): Promise<WireError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof WireRefusal) return error.error;
    throw error;
  }
}

/** Why a case cannot be run over the wire; undefined when it can, or when that fails as soon as it is tried. */
export function unreachable(folder: string, testCase: GoldenCase): string | undefined {
  const user = testCase.auth?.user;
  if (!user) return undefined;
  try {
    const opened = openCase(folder, testCase);
    const { id } = opened.toIds(user) as { id?: unknown };
    const attr = opened.data.catalog.byForward('$users', 'id');
    const isStored = attr && [...opened.data.triples.attr(attr.id)].some(([e]) => e === id);
    return isStored ? undefined : 'its user is not among the $users, and only those have refresh tokens';
  } catch {
    // Whatever is wrong with it, the test that runs it says so.
    return undefined;
  }
}

async function ask(session: RawSession, event: JsonObject, op: string): Promise<Message> {
  const answer = await session.ask(event);
  if (answer.op === op) return answer;
  if (answer.op === 'error') throw new WireRefusal(answer);
  throw new Error(`"${answer.op}" answers "${event.op}": ${JSON.stringify(answer).slice(0, 500)}`);
}

interface Rows {
  triples: Triple[];
  pageInfo: WireAnswer['rawPageInfo'];
  aggregate: Record<string, unknown>;
}

function rowsOf({ result }: Message): Rows {
  const [{ data }] = result as unknown as [
    {
      data: {
        'datalog-result': { 'join-rows': [Triple[]] };
        'page-info'?: Rows['pageInfo'];
        aggregate?: Rows['aggregate'];
      };
    },
  ];
  const [triples] = data['datalog-result']['join-rows'];
  return { triples, pageInfo: data['page-info'] ?? {}, aggregate: data.aggregate ?? {} };
}

/** The same query again, as a tree. Its pages must be those that came with the rows. */
async function treeOf(session: RawSession, q: JsonValue, pageInfo: Rows['pageInfo']): Promise<unknown> {
  await ask(session, { op: 'remove-query', q }, 'remove-query-ok');
  const answer = await ask(session, { op: 'add-query', q, 'return-type': 'tree' }, 'add-query-ok');
  const meta = answer['result-meta'] as { 'page-info': Rows['pageInfo'] };
  if (JSON.stringify(meta['page-info']) !== JSON.stringify(pageInfo)) {
    throw new Error(`Pages of the tree: ${JSON.stringify(meta)}, of the rows: ${JSON.stringify(pageInfo)}`);
  }
  return answer.result;
}
