import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Child, type Program, programOf } from '../backend/testing/child-process.ts';
import { todoSchema } from '../backend/testing/todos.ts';
import { nodeVersion } from '../version.ts';

let program: Program;
let folder: string;
const children: Child[] = [];

beforeAll(async () => {
  program = await programOf(new URL('./main.ts', import.meta.url));
});
afterAll(() => program.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'instant-cli-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill();
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: string[]): Child {
  const child = new Child(program.command, args, folder);
  children.push(child);
  return child;
}

function startBackend(...args: string[]): Child {
  return start('backend', '--port', '0', ...args);
}

interface Greeting {
  url: string;
  id: string;
  adminToken: string;
}

async function greeting(child: Child): Promise<Greeting> {
  await child.line(/^ {2}\}\);/);
  const text = child.lines.join('\n');
  const [, url = '', id = '', adminToken = ''] =
    /on (http:\S+)[\s\S]*App id\s+(\S+)\s+Admin token\s+(\S+)/.exec(text) ?? [];
  return { url, id, adminToken };
}

async function query(app: Greeting, q: object): Promise<Record<string, Record<string, unknown>[]>> {
  const response = await fetch(`${app.url}/admin/query`, {
    method: 'POST',
    headers: {
      'app-id': app.id,
      authorization: `Bearer ${app.adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query: q }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, Record<string, unknown>[]>;
}

/** The app's own namespaces. */
async function namespaces(app: Greeting): Promise<string[]> {
  const response = await fetch(`${app.url}/dash/apps/${app.id}/schema/pull`, {
    headers: { authorization: `Bearer ${app.adminToken}` },
  });
  expect(response.status).toBe(200);
  const { schema } = (await response.json()) as { schema: { blobs: object } };
  return Object.keys(schema.blobs)
    .filter((etype) => !etype.startsWith('$'))
    .sort();
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const linkToNowhere = {
  entities: { todos: { attrs: {}, links: {} } },
  links: {
    owners: {
      forward: { on: 'todos', label: 'owner', has: 'one' },
      reverse: { on: 'users', label: 'todos', has: 'many' },
    },
  },
};

describe('instant-node backend', () => {
  test('greets, logs requests without tokens, and ends cleanly', async () => {
    const child = startBackend();
    const app = await greeting(child);
    const text = child.lines.join('\n');
    expect(text).toContain(`appId: '${app.id}'`);
    expect(text).toContain(`apiURI: '${app.url}'`);
    await query(app, { todos: {} });
    const line = await child.line(/POST \/admin\/query/);
    expect(line).toMatch(new RegExp(`POST /admin/query {2}${app.id} {2}\\d+\\.\\d ms {2}ok$`));
    await fetch(`${app.url}/nowhere/${app.adminToken}?token=${app.adminToken}`);
    expect(await child.line(/nowhere/)).toMatch(/GET \/nowhere\/:id {2}- {2}\S+ ms {2}404$/);
    const logged = child.lines.slice(child.lines.findIndex((each) => each.includes('/admin/query')));
    expect(logged.join('\n')).not.toContain(app.adminToken);
    child.signal('SIGINT');
    expect(await child.ended).toBe(0);
    expect(child.errors).toBe('');
  });

  test('ends cleanly on SIGTERM while a session is open', async () => {
    const child = startBackend('--quiet');
    const app = await greeting(child);
    const { WebSocket } = await import('isows');
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/runtime/session`);
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    const closed = new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
    child.signal('SIGTERM');
    expect(await closed).toBe(1001);
    expect(await child.ended).toBe(0);
  });

  test('counts no request as its own failure whose client goes away, wherever that is', async () => {
    const child = startBackend('--data', 'data');
    const app = await greeting(child);
    const { hostname, port } = new URL(app.url);
    const admin = [`App-Id: ${app.id}`, `Authorization: Bearer ${app.adminToken}`];
    const upload = await fetch(`${app.url}/admin/storage/upload`, {
      method: 'PUT',
      headers: { 'app-id': app.id, authorization: `Bearer ${app.adminToken}`, path: 'large' },
      body: new Uint8Array(8_000_000),
    });
    expect(upload.status).toBe(200);
    const found = await fetch(
      `${app.url}/admin/storage/signed-download-url?app_id=${app.id}&filename=large`,
      {
        headers: { 'app-id': app.id, authorization: `Bearer ${app.adminToken}` },
      },
    );
    const { pathname, search } = new URL(((await found.json()) as { data: string }).data);
    /** Sends a text, waits for what is to come of it, and hangs up in one of two ways. */
    const hangUp = async (text: string, isAnswered: boolean, isReset: boolean): Promise<void> => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      await new Promise<void>((resolve) => socket.write(text, () => resolve()));
      if (isAnswered) await once(socket, 'data');
      // What was sent before that of another connection has been read when this one is answered.
      else await fetch(`${app.url}/health`);
      if (isReset) socket.resetAndDestroy();
      else socket.destroy();
    };
    const head = (line: string, ...lines: string[]): string =>
      [`${line} HTTP/1.1`, 'Host: localhost', ...lines].join('\r\n');
    const length = 'Content-Length: 1000';
    const chunked = 'Transfer-Encoding: chunked';
    const chunk = '5\r\n{"a":\r\n';
    const posts = [
      '/admin/query',
      '/admin/transact',
      '/admin/sse',
      '/admin/sse/push',
      '/admin/subscribe-query',
      '/admin/storage/signed-upload-url',
      '/runtime/sse',
      '/runtime/auth/send_magic_code',
      '/runtime/oauth/callback',
      '/runtime/framework/query',
      '/dash/apps/ephemeral',
    ].map((path) => `POST ${path}`);
    const requests = [...posts, 'PUT /admin/storage/upload'];
    let answers = 0;
    for (const isReset of [false, true]) {
      await hangUp(head('POST /admin/query', ...admin).slice(0, 50), false, isReset);
      for (const request of requests) {
        for (const [how, part] of [
          [length, ''],
          [length, '{"a":'],
          [chunked, ''],
          [chunked, chunk],
          [chunked, `${chunk}3\r\n{`],
        ]) {
          await hangUp(head(request, ...admin, 'Path: half', `${how}`, '', `${part}`), false, isReset);
          answers++;
        }
      }
      await hangUp(head(`GET ${pathname}${search}`, '', ''), true, isReset);
      await hangUp(head('GET /runtime/sse', '', ''), true, isReset);
      await hangUp(head('POST /admin/sse', ...admin, 'Content-Length: 2', '', '{}'), true, isReset);
    }
    const logged = (): number =>
      child.lines.filter((line) => requests.some((request) => line.includes(`  ${request}  `))).length;
    // The one upload before, and the two streams that were answered.
    await expect.poll(logged).toBe(answers + 3);
    expect(await query(app, { $files: {} })).toMatchObject({ $files: [{ path: 'large' }] });
    child.signal('SIGTERM');
    expect(await child.ended).toBe(0);
    await child.outputEnded;
    expect(child.errors).toBe('');
  });

  test.skipIf(process.platform === 'win32')(
    'warns of a data folder that others may use, and ends cleanly all the same',
    async () => {
      const data = join(folder, 'shared');
      mkdirSync(data);
      chmodSync(data, 0o755);
      const child = startBackend('--data', data);
      await greeting(child);
      child.signal('SIGTERM');
      expect(await child.ended).toBe(0);
      expect(child.errors).toContain(
        `others than its owner may use "${data}" (mode 755). Run: chmod 700 "${data}"`,
      );
    },
  );

  test('opens with a schema, rules and a seed, and keeps them in a folder', async () => {
    const id = crypto.randomUUID();
    const seed = {
      todos: [
        { id, text: 'Seeded', position: 1 },
        { text: 'Another', position: 2 },
      ],
    };
    const perms = 'export default { todos: { allow: { $default: "false" } } };';
    const args = [
      '--quiet',
      '--data',
      'data',
      '--schema',
      file('instant.schema.json', todoSchema),
      '--perms',
      file('instant.perms.mjs', perms),
      '--seed',
      file('seed.json', seed),
    ];
    const first = startBackend(...args);
    const app = await greeting(first);
    const before = await query(app, { todos: { $: { order: { position: 'asc' } } } });
    expect(before.todos).toMatchObject([{ id, text: 'Seeded' }, { text: 'Another' }]);
    const asGuest = await fetch(`${app.url}/admin/query`, {
      method: 'POST',
      headers: { 'app-id': app.id, 'as-guest': 'true', 'content-type': 'application/json' },
      body: JSON.stringify({ query: { todos: {} } }),
    });
    expect(await asGuest.json()).toEqual({ todos: [] });
    await first.kill();

    // The same command again: the same app, not seeded twice.
    const again = await greeting(startBackend(...args));
    expect(again).toMatchObject({ id: app.id, adminToken: app.adminToken });
    expect(await query(again, { todos: { $: { order: { position: 'asc' } } } })).toEqual(before);
  });

  test('makes the namespaces that have no attributes, in a new app and in one that is there', async () => {
    const withEmpty = (...etypes: string[]): string =>
      file(`${etypes.join()}.json`, {
        entities: Object.fromEntries(etypes.map((etype) => [etype, { attrs: {} }])),
        links: {},
      });
    const names: string[][] = [];
    for (const schema of [withEmpty('first'), withEmpty('first', 'second')]) {
      const child = startBackend('--data', 'data', '--schema', schema);
      names.push(await namespaces(await greeting(child)));
      await child.kill();
    }
    expect(names).toEqual([['first'], ['first', 'second']]);
  });

  test('says what the data does not allow of a schema, and pushes the rest', async () => {
    const withText = (text: object): string =>
      file('given.json', { entities: { todos: { attrs: { text }, links: {} } }, links: {} });
    const first = withText({ valueType: 'string', config: {} });
    const seed = file('seed.json', { todos: [{ text: 'Buy milk' }] });
    const before = startBackend('--data', 'data', '--schema', first, '--seed', seed);
    await greeting(before);
    await before.kill();
    const schema = withText({ valueType: 'number', config: { indexed: true } });
    const child = startBackend('--data', 'data', '--schema', schema);
    const app = await greeting(child);
    child.signal('SIGTERM');
    await child.outputEnded;
    expect(child.errors).toContain(`Pushed "${schema}" but for check-data-type of todos.text`);
    const kept = await greeting(startBackend('--data', 'data'));
    expect(kept.id).toBe(app.id);
    const indexed = { todos: { $: { where: { text: { $like: 'Buy%' } } } } };
    expect((await query(kept, indexed)).todos).toMatchObject([{ text: 'Buy milk' }]);
  });

  test.each(['0.0.0.0', '::'])('says that it listens on %s, and warns of it', async (host) => {
    const child = startBackend('--host', host);
    const { url } = await greeting(child);
    expect(child.lines.join('\n')).toContain(
      `Listening on ${host}, port ${new URL(url).port}: every address`,
    );
    child.signal('SIGTERM');
    expect(await child.ended).toBe(0);
    await child.outputEnded;
    expect(child.errors).toContain(`Listening on ${host}: everybody in the network can reach this backend`);
    expect(child.errors).toContain('--host');
  });

  test('takes the id that it is given', async () => {
    const id = crypto.randomUUID();
    expect((await greeting(startBackend('--app', id))).id).toBe(id);
  });

  test('answers whom its flags say', async () => {
    const ask = (url: string, headers: Record<string, string>, host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(`${url}/dash/apps/ephemeral`, { method: 'POST', headers: { ...headers, host } });
        sent.on('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on('error', reject).end('{"title":"x"}');
      });
    const names = ['--allow-host', 'a.test', '--allow-host=b.test'];
    const open = await greeting(startBackend('--quiet', ...names, '--allow-origin', 'https://c.test'));
    for (const host of ['a.test', 'b.test:80', 'localhost']) expect(await ask(open.url, {}, host)).toBe(200);
    expect(await ask(open.url, {}, 'c.test')).toBe(403);
    expect(await ask(open.url, { origin: 'https://c.test' }, 'a.test')).toBe(200);
    expect(await ask(open.url, { origin: 'https://d.test' }, 'a.test')).toBe(403);

    const limited = await greeting(startBackend('--quiet', '--max-ephemeral-apps', '1'));
    expect(await ask(limited.url, {}, 'localhost')).toBe(200);
    expect(await ask(limited.url, {}, 'localhost')).toBe(400);
    const none = await greeting(startBackend('--quiet', '--no-ephemeral-apps'));
    expect(await ask(none.url, {}, 'localhost')).toBe(400);
  });

  test.each([
    [['backend', '--prot', '1'], 2, 'There is no flag --prot. Did you mean --port?'],
    [['backend', '--port', 'x'], 2, 'Cannot use --port x'],
    [['backend', '--port'], 2, '--port needs a value: --port <number>'],
    [['backend', '--app', 'x'], 2, 'the id of an app is a UUID'],
    [['backend', '--schema', 'nowhere.ts'], 2, 'there is no such file'],
    [['backend', '--port', '0', '--host', '203.0.113.1'], 1, 'Give an address of this machine as the host'],
    [['backend', '--allow-host', 'a.test:80'], 2, 'Cannot use --allow-host a.test:80: expected a host name'],
    [['backend', '--allow-origin', 'a.test'], 2, 'Cannot use --allow-origin a.test: expected an origin'],
    [
      ['backend', '--allow-provider', 'http://a.test', '--allow-provider', 'http://a.test/x'],
      2,
      'Cannot use --allow-provider http://a.test/x: expected an origin',
    ],
    [['backend', '--max-ephemeral-apps', '0'], 2, 'Cannot use --max-ephemeral-apps 0: expected a positive'],
    [['backend', '--max-ephemeral-bytes', '1', '--no-ephemeral-apps'], 2, 'Cannot use --no-ephemeral-apps'],
    [['backend', '--quiet=yes'], 2, '--quiet takes no value'],
    [['backend', 'extra'], 2, 'Cannot use "extra"'],
    [['bakend'], 2, 'There is no command "bakend". Did you mean "backend"?'],
    [[], 2, 'No command was given'],
  ])('explains %j', async (args, code, message) => {
    const child = start(...args);
    expect(await child.ended).toBe(code);
    await child.outputEnded;
    expect(child.errors).toContain(message);
    expect(child.lines).toEqual([]);
  });

  test.each([
    [['--version'], nodeVersion],
    [['backend', '--version'], nodeVersion],
    [['--help'], 'Usage: instant-node <command>'],
    [['backend', '--help'], '--schema <file>'],
    [['help', 'backend'], '--schema <file>'],
  ])('answers %j', async (args, text) => {
    const child = start(...args);
    expect(await child.ended).toBe(0);
    await child.outputEnded;
    expect(child.lines.join('\n')).toContain(text);
  });

  test.each([
    ['--schema', { todos: { allow: { view: 'true' } } }, 'as a schema: it has no "entities"'],
    ['--schema', { entities: { todos: 5 } }, 'schema.entities.todos has to be an object'],
    ['--schema', [], 'it holds no object'],
    ['--schema', linkToNowhere, 'connects to non existing entity "users"'],
    ['--schema', { entities: { $notes: { attrs: {} } }, links: {} }, "You can't create '$notes'"],
    ['--perms', { entities: {}, links: {} }, 'as permission rules: it is a schema'],
    ['--perms', { todos: { allow: { view: 'true ==' } } }, 'todos.allow.view: '],
  ])('names the file that cannot be used as %s, and the place in it: %j', async (flag, content, problem) => {
    const name = file('given.json', content);
    const messages: string[] = [];
    // In a new app, and in one that is there.
    for (const step of ['new', 'kept']) {
      const child = startBackend('--data', 'data', flag, name);
      expect(await child.ended).toBe(2);
      await child.outputEnded;
      messages.push(child.errors);
      if (step === 'new') {
        const kept = startBackend('--data', 'data');
        await greeting(kept);
        await kept.kill();
      }
    }
    for (const message of messages) {
      expect(message).toContain(`Cannot use "${name}"`);
      expect(message).toContain(problem);
      expect(message).not.toContain('createApp');
    }
  });

  test('says that it does not seed an app that is there', async () => {
    const seed = ['--data', 'data', '--seed', file('seed.json', { todos: [{ text: 'Seeded' }] })];
    const first = startBackend(...seed);
    const { id } = await greeting(first);
    expect(first.lines.join('\n')).not.toContain('Did not seed');
    await first.kill();
    const again = startBackend(...seed);
    await greeting(again);
    expect(again.lines.join('\n')).toContain(`Did not seed: app ${id} is there already`);
  });

  test('says what the system said of a folder that it cannot use', async () => {
    const child = startBackend('--data', file('taken', ''));
    expect(await child.ended).toBe(1);
    await child.outputEnded;
    expect(child.errors).toContain('it is no folder');
    expect(child.errors).toContain('Give a folder that this process may write');
  });

  test('reads TypeScript where the runtime does, and else says what to do', async () => {
    // As `npm init` writes it. Node by itself would take the TypeScript for CommonJS.
    file('package.json', { type: 'commonjs' });
    file('todo-rules.ts', `export const todos: object = { allow: { view: 'false' } };\n`);
    // Bundlers, and so most projects, leave the extension out; Deno wants it.
    const from = 'Deno' in globalThis ? './todo-rules.ts' : './todo-rules';
    const source = `import { todos } from '${from}';\nconst rules: object = { todos };\nexport default rules;\n`;
    const child = startBackend('--perms', file('instant.perms.ts', source));
    const canRead = 'Bun' in globalThis || 'Deno' in globalThis || Boolean(process.features.typescript);
    if (canRead) {
      expect((await greeting(child)).id).toMatch(/-/);
      expect(child.errors).toBe('');
      return;
    }
    expect(await child.ended).toBe(2);
    await child.outputEnded;
    expect(child.errors).toContain('does not run TypeScript. Use Node 22.18 or newer, Bun or Deno');
  });
});
