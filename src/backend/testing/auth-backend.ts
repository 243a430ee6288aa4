import { i, init } from '@instantdb/node';
import { onTestFinished } from 'vitest';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { type Backend, type BackendApp, type BackendLogEntry, startBackend } from '../index.ts';

/** An answer of the backend, unprocessed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, JsonValue>;
}

/** A backend whose clock stands still until it is moved. For tests. */
export interface AuthBackend {
  readonly backend: Backend;
  readonly logged: BackendLogEntry[];
  /** Moves the clock. */
  pass(ms: number): void;
  post(path: string, body: JsonValue, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a code to an email and returns it. */
  sendCode(app: BackendApp, email: string): Promise<string>;
  /** Signs in with a code that was sent to an email. */
  signIn(app: BackendApp, email: string, fields?: JsonObject): Promise<Answer>;
}

export const START: number = Date.parse('2026-01-02T03:04:05.678Z');

/** Starts a backend for a whole suite; end it with `backend.close()`. */
export async function startAuthBackend(): Promise<AuthBackend> {
  let now = START;
  const logged: BackendLogEntry[] = [];
  const backend = await startBackend({ now: () => now, log: (entry) => logged.push(entry) });
  const call = async (path: string, request: RequestInit): Promise<Answer> => {
    const response = await fetch(backend.url + path, { redirect: 'manual', ...request });
    const text = await response.text();
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, JsonValue>) : { text };
    return { status: response.status, headers: response.headers, body };
  };
  const post: AuthBackend['post'] = (path, body, headers = {}) =>
    call(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const sendCode: AuthBackend['sendCode'] = async (app, email) => {
    await post('/runtime/auth/send_magic_code', { 'app-id': app.id, email });
    const code = app.magicCode(email);
    if (code === undefined) throw new Error(`No code was sent to ${email}`);
    return code;
  };
  return {
    backend,
    logged,
    pass(ms) {
      now += ms;
    },
    post,
    get: (path, headers = {}) => call(path, { headers }),
    sendCode,
    async signIn(app, email, fields = {}) {
      const code = await sendCode(app, email);
      return post('/runtime/auth/verify_magic_code', { 'app-id': app.id, email, code, ...fields });
    },
  };
}

/** A schema that adds a field and a link to users. */
export const userSchema = i.schema({
  entities: {
    $users: i.entity({
      email: i.string().unique().indexed().optional(),
      nickname: i.string().optional(),
      age: i.number().optional(),
    }),
    notes: i.entity({ text: i.string() }),
  },
  links: {
    noteAuthor: {
      forward: { on: 'notes', label: 'author', has: 'one' },
      reverse: { on: '$users', label: 'notes', has: 'many' },
    },
  },
});

let count = 0;

/** A client of an app, separate from all others, closed at the end of the test. */
export function openClient(
  { backend }: AuthBackend,
  app: BackendApp,
): ReturnType<typeof init<typeof userSchema>> {
  const db = init({
    appId: app.id,
    apiURI: backend.url,
    websocketURI: backend.websocketURI,
    schema: userSchema,
    instanceKey: `client ${++count}`,
  });
  onTestFinished(async () => {
    await db.close();
  });
  return db;
}
