import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import type { BackendApp } from '../../index.ts';
import { backendForTests } from '../../testing/backend-for-tests.ts';
import { HttpClient, type Reply } from '../../testing/http-client.ts';
import { todoSchema } from '../../testing/todos.ts';

let app: BackendApp;

const backend = await backendForTests();
beforeEach(() => {
  app = backend.createApp({ schema: todoSchema });
});

type Headers = Record<string, string>;

const post = (path: string, body: JsonValue, headers: Headers = asAdmin()): Promise<Reply> =>
  new HttpClient(backend.url, headers).post(path, body);
const get = (path: string): Promise<Reply> => new HttpClient(backend.url, asAdmin()).get(path);
const transact = (steps: JsonValue, more: JsonObject = {}) => post('/admin/transact', { steps, ...more });
const uuid = () => crypto.randomUUID();

function asAdmin(): Headers {
  return { 'app-id': app.id, authorization: `Bearer ${app.adminToken}` };
}

function asOperator(): Headers {
  return { 'app-id': app.id, authorization: `Bearer ${backend.personalAccessToken}` };
}

async function query(q: JsonValue, more: JsonObject = {}, headers?: Headers): Promise<Reply['body']> {
  const { status, body } = await post('/admin/query', { query: q, ...more }, headers);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

async function refusal(steps: JsonValue, more?: JsonObject): Promise<Reply['body']> {
  const { status, body } = await transact(steps, more);
  expect(status, JSON.stringify(body)).toBe(400);
  return body;
}

describe('whoever asks', () => {
  test.each<[string, () => Headers, Reply['body']]>([
    [
      'no app',
      () => ({ authorization: 'Bearer x' }),
      { type: 'param-missing', hint: { in: ['headers', 'app-id'] } },
    ],
    ['no id', () => ({ 'app-id': 'x' }), { type: 'param-malformed', hint: { in: ['headers', 'app-id'] } }],
    [
      'no token',
      () => ({ 'app-id': app.id }),
      { type: 'param-missing', hint: { in: ['headers', 'authorization'] } },
    ],
    ['another token', () => ({ ...asAdmin(), authorization: `Bearer ${uuid()}` }), tokenNotFound()],
    [
      'a token that is none',
      () => ({ ...asAdmin(), authorization: 'Bearer a b' }),
      { type: 'param-malformed' },
    ],
    [
      'a word for a token',
      () => ({ ...asAdmin(), authorization: 'Bearer word' }),
      { type: 'param-malformed', hint: { in: ['headers', 'authorization'] } },
    ],
    ['another app', () => ({ ...asAdmin(), 'app-id': uuid() }), tokenNotFound()],
    [
      'the operator, for an app that is not there',
      () => ({ ...asOperator(), 'app-id': uuid() }),
      { type: 'record-not-found', message: 'Record not found: app' },
    ],
    [
      'as-token of nobody',
      () => ({ 'app-id': app.id, 'as-token': uuid() }),
      { type: 'record-not-found', message: 'Record not found: app-user' },
    ],
    [
      'as-token that is none',
      () => ({ 'app-id': app.id, 'as-token': 'x' }),
      { type: 'param-malformed', message: 'Malformed parameter: ["asUser" "token"]' },
    ],
    [
      'as-email of nobody',
      () => ({ ...asAdmin(), 'as-email': 'no@body.org' }),
      { type: 'record-not-found', message: 'Record not found: app-user' },
    ],
    [
      'as-email without a token',
      () => ({ 'app-id': app.id, 'as-email': 'no@body.org' }),
      { type: 'param-missing' },
    ],
    [
      'as-guest of an app that is not there',
      () => ({ 'app-id': uuid(), 'as-guest': 'true' }),
      { type: 'record-not-found', message: 'Record not found: app' },
    ],
  ])('%s', async (_, headers, expected) => {
    const { status, body } = await post('/admin/query', { query: { todos: {} } }, headers());
    expect({ status, body }).toMatchObject({ status: 400, body: expected });
  });

  test('the personal access token of the operator is good for every app', async () => {
    await transact([['update', 'todos', uuid(), { text: 'Write' }]]);
    const asked = async (headers: Headers): Promise<unknown[]> =>
      (await query({ todos: {} }, {}, { ...asOperator(), ...headers })).todos;
    expect(await asked({})).toMatchObject([{ text: 'Write' }]);
    const email = 'joe@example.com';
    expect((await post('/admin/refresh_tokens', { email }, asOperator())).status).toBe(200);
    expect(await asked({ 'as-email': email })).toHaveLength(1);
  });

  test('the app can be named behind the address', async () => {
    const headers = { authorization: `Bearer ${app.adminToken}` };
    expect(await post(`/admin/query?app_id=${app.id}`, { query: { todos: {} } }, headers)).toEqual({
      status: 200,
      body: { todos: [] },
    });
  });

  test('the personal access token is good for every app, also to impersonate', async () => {
    const headers = { 'app-id': app.id, authorization: `Bearer ${backend.personalAccessToken}` };
    expect(await query({ todos: {} }, {}, headers)).toEqual({ todos: [] });
    await post('/admin/refresh_tokens', { email: 'joe@example.com' }, headers);
    const asJoe = { ...headers, 'as-email': 'joe@example.com' };
    expect(await query({ $users: {} }, {}, asJoe)).toMatchObject({ $users: [{ email: 'joe@example.com' }] });
    const unknown = await post('/admin/query', { query: {} }, { ...headers, 'app-id': uuid() });
    expect(unknown).toMatchObject({ status: 400, body: { type: 'record-not-found' } });
  });

  test('as-token goes before as-email, and that before as-guest', async () => {
    const token = async (email: string): Promise<string> => {
      return (await post('/admin/refresh_tokens', { email })).body.user.refresh_token;
    };
    const [joe] = [await token('joe@example.com'), await token('alex@example.com')];
    const seen = async (headers: Headers): Promise<string[]> => {
      const { $users } = await query({ $users: {} }, {}, headers);
      return $users.map((user: { email: string }) => user.email).sort();
    };
    const all = { 'as-token': joe, 'as-email': 'alex@example.com', 'as-guest': 'true' };
    expect(await seen({ ...asAdmin(), ...all })).toEqual(['joe@example.com']);
    expect(await seen({ ...asAdmin(), ...all, 'as-token': joe.toUpperCase() })).toEqual(['joe@example.com']);
    expect(await seen({ ...asAdmin(), 'as-email': 'alex@example.com', 'as-guest': 'true' })).toEqual([
      'alex@example.com',
    ]);
    expect(await seen({ 'app-id': app.id, 'as-token': joe })).toEqual(['joe@example.com']);
    expect(await seen({ 'app-id': app.id, 'as-guest': 'false' })).toEqual([]);
    expect(await seen(asAdmin())).toEqual(['alex@example.com', 'joe@example.com']);
  });
});

function tokenNotFound(): JsonObject {
  return { type: 'record-not-found', message: 'Record not found: app-admin-token' };
}

describe('POST /admin/query', () => {
  test('gives a tree, with objects for links to one where they are asked for', async () => {
    const [todo, person] = [uuid(), uuid()];
    await transact([
      ['update', 'people', person, { name: 'Joe' }],
      ['update', 'todos', todo, { text: 'Write' }],
      ['link', 'todos', todo, { owner: person }],
    ]);
    const owner = { id: person, name: 'Joe' };
    const q = { todos: { owner: {} } };
    expect(await query(q)).toEqual({ todos: [{ id: todo, text: 'Write', position: null, owner: [owner] }] });
    expect(await query(q, { 'inference?': true })).toEqual({
      todos: [{ id: todo, text: 'Write', position: null, owner }],
    });
  });

  test('is refused for what is no query, and while the app is disabled', async () => {
    expect(await post('/admin/query', {})).toMatchObject({ status: 400, body: { type: 'param-missing' } });
    expect(await post('/admin/query', { query: 'todos' })).toMatchObject({
      status: 400,
      body: { type: 'param-malformed' },
    });
    const { status, body } = await post('/admin/query', { query: { todos: { $: { limit: -1 } } } });
    expect({ status, type: body.type }).toEqual({ status: 400, type: 'validation-failed' });
    app.setStatus('disabled');
    expect(await post('/admin/query', { query: { todos: {} } })).toMatchObject({
      status: 400,
      body: { type: 'app-disabled' },
    });
  });
});

describe('POST /admin/transact', () => {
  test('writes what steps say', async () => {
    const [a, b] = [uuid(), uuid()];
    const answer = await transact([
      ['create', 'notes', a, { text: 'one', tags: { x: 1, y: 2 }, id: uuid() }],
      ['update', 'notes', b, { text: 'two' }],
      ['merge', 'notes', a, { tags: { x: null, z: 3 } }],
    ]);
    expect(answer).toEqual({ status: 200, body: { 'tx-id': expect.any(Number) } });
    expect(await query({ notes: { $: { order: { serverCreatedAt: 'asc' } } } })).toEqual({
      notes: expect.arrayContaining([
        { id: a, text: 'one', tags: { y: 2, z: 3 } },
        { id: b, text: 'two' },
      ]),
    });
    await transact([['delete', 'notes', a, null]]);
    expect((await query({ notes: {} })).notes).toHaveLength(1);
  });

  test('a step says whether its entity is there', async () => {
    const id = uuid();
    const missing = await refusal([['update', 'todos', id, { text: 'x' }, { upsert: false }]]);
    // The server names it once for the id, and once for each value.
    expect(missing.message).toBe(
      `Validation failed for tx-step: Updating entities that don't exist: ${id}, ${id}`,
    );
    expect((await transact([['merge', 'todos', id, { text: 'x' }, { upsert: true }]])).status).toBe(200);
    const exists = await refusal([['create', 'todos', id, { text: 'y' }]]);
    expect(exists.message).toBe(`Validation failed for tx-step: Creating entities that exist: ${id}, ${id}`);
  });

  test.each<[string, JsonValue]>([
    ['a text', 'lookup__slug__"a__b"'],
    ['a pair', ['slug', 'a__b']],
    ['an object', { slug: 'a__b' }],
  ])('an entity can be looked up by %s', async (_, entity) => {
    const todo = uuid();
    await transact([['update', 'notes', { slug: 'a__b' }, { text: 'one' }]]);
    await transact([
      ['update', 'notes', entity, { text: 'two' }],
      ['update', 'todos', todo, { text: 'three' }],
      ['link', 'todos', todo, { notes: Array.isArray(entity) ? [entity] : entity }],
    ]);
    const { todos } = await query({ todos: { notes: {} } });
    expect(todos[0].notes).toMatchObject([{ slug: 'a__b', text: 'two' }]);
    await transact([['unlink', 'todos', todo, { notes: [entity] }]]);
    expect((await query({ todos: { notes: {} } })).todos[0].notes).toEqual([]);
    await transact([['delete', 'notes', entity]]);
    expect(await query({ notes: {} })).toEqual({ notes: [] });
  });

  test('a pair is no target of a link, but two, and an object is one for each entry', async () => {
    const todo = uuid();
    await transact([
      ['update', 'notes', { slug: 'a' }, {}],
      ['update', 'notes', { code: 'b' }, {}],
      ['update', 'todos', todo, {}],
      ['link', 'todos', todo, { notes: [] }],
    ]);
    const refused = await refusal([['link', 'todos', todo, { notes: ['slug', 'a'] }]]);
    expect(refused.message).toBe('Linked value must be a valid uuid.');
    await transact([['link', 'todos', todo, { notes: { slug: 'a', code: 'b' } }]]);
    const { todos } = await query({ todos: { notes: {} } });
    expect(todos[0].notes).toHaveLength(2);
  });

  test('an entity can be looked up by a link to one', async () => {
    const person = uuid();
    await transact([['update', 'people', person, { name: 'Joe' }]]);
    await transact([['update', 'profiles', ['people.id', person], { bio: 'Hi' }]]);
    await transact([['update', 'profiles', ['people.id', person], { bio: 'Ho' }]]);
    const { profiles } = await query({ profiles: { people: {} } }, { 'inference?': true });
    expect(profiles).toMatchObject([{ bio: 'Ho', people: { name: 'Joe' } }]);
  });

  test('links are written from either end, and to several at once', async () => {
    const [one, two, person] = [uuid(), uuid(), uuid()];
    await transact([
      ['update', 'todos', one, {}],
      ['update', 'todos', two, {}],
      ['update', 'people', person, {}],
      ['link', 'people', person, { todos: [one, two] }],
    ]);
    expect((await query({ people: { todos: {} } })).people[0].todos).toHaveLength(2);
    await transact([['unlink', 'todos', one, { owner: person }]]);
    expect((await query({ people: { todos: {} } })).people[0].todos).toMatchObject([{ id: two }]);
  });

  test('names that are not there are added, unless that is unwanted', async () => {
    const steps = [
      ['update', 'a', uuid(), { b: 1 }],
      ['update', 'a', ['c', 1], {}],
      ['link', 'a', uuid(), { d: uuid() }],
    ];
    const body = await refusal(steps, { 'throw-on-missing-attrs?': true });
    expect(body).toMatchObject({
      message: 'Validation failed for steps: Attributes are missing in your schema',
      hint: { 'data-type': 'steps', errors: [{ hint: { attributes: ['a.c', 'a.id', 'a.b', 'a.d'] } }] },
    });
    expect((await transact(steps)).status).toBe(200);
    const { body: schema } = await get('/admin/schema');
    expect(schema.schema.blobs.a).toMatchObject({
      id: { 'unique?': true, 'index?': false, cardinality: 'one' },
      b: { 'unique?': false, 'index?': false, cardinality: 'one' },
      c: { 'unique?': true, 'index?': true, cardinality: 'one' },
    });
    expect(schema.schema.refs['a-d-d-a']).toMatchObject({ 'value-type': 'ref', cardinality: 'many' });
    expect((await transact(steps, { 'throw-on-missing-attrs?': true })).status).toBe(200);
  });

  test('attributes can be added and deleted', async () => {
    const attr = {
      id: uuid(),
      'forward-identity': [uuid(), 'things', 'name'],
      'value-type': 'blob',
      cardinality: 'one',
      'unique?': false,
      'index?': false,
    };
    expect((await transact([['add-attr', attr]])).status).toBe(200);
    expect((await transact([['delete-attr', attr.id]])).status).toBe(200);
    const { body } = await get('/admin/soft_deleted_attrs');
    expect(body).toMatchObject({
      attrs: [{ id: attr.id, 'deletion-marked-at': expect.any(String) }],
      'grace-period-days': 2,
    });
  });

  const E = '5e57a178-f63a-43a6-afa5-965c0b145f92';

  test.each<[string, JsonValue, JsonObject]>([
    ['no list', [['update'], 1], { expected: 'string?', in: [0] }],
    ['no entity', [['update', 'todos']], { expected: 'instant.admin.model/lookup', in: [0] }],
    ['no links', [['link', 'todos', E]], { expected: 'instant.admin.model/link-map', in: [0] }],
    ['too little', [['add-attr']], { expected: ['delete-attr'], in: [0, 0] }],
    ['no kind', [['explode', 'todos', E]], { expected: ['delete-attr'], in: [0, 0] }],
    ['no id', [['delete-attr', 'x']], { expected: 'instant.admin.model/coercible-uuid?', in: [0, 1] }],
    ['no lookup', [['update', 'todos', ['x'], {}]], { expected: 'instant.admin.model/lookup?', in: [0, 2] }],
    ['no label', [['update', 'todos', [1, 2], {}]], { expected: 'string?', in: [0, 2, 0] }],
    ['no step', [1], { expected: 'coll?', in: [0] }],
    ['no etype', [['update', 1, E, {}]], { expected: 'string?', in: [0, 1] }],
    ['no values', [['update', 'todos', E, 2]], { expected: 'map?', in: [0, 3] }],
    ['no attribute', [['add-attr', 'todos', E, 2]], { expected: 'map?', in: [0, 1] }],
    ['no options', [['update', 'todos', E, {}, 1]], { expected: 'nil?', in: [0, 4] }],
    ['too much', [['create', 'todos', E, {}, {}]], { expected: ['delete-attr'], in: [0, 0] }],
    [
      'no target',
      [['link', 'todos', E, { owner: 'joe' }]],
      { expected: 'instant.admin.model/lookup?', in: [0, 3, 'owner', 1] },
    ],
    [
      'no target in a list',
      [['link', 'todos', E, { owner: [E, 'joe', E] }]],
      { expected: 'instant.admin.model/lookup?', in: [0, 3, 'owner', 1, 1] },
    ],
    [
      'no entity',
      [
        ['update', 'todos', E, {}],
        ['link', 'todos', 'bad-id', {}],
      ],
      { message: "Invalid entity ID 'bad-id'. Entity IDs must be UUIDs or lookup references.", in: [1, 2] },
    ],
    [
      'no entity, but a number',
      [['delete', 'todos', 12345]],
      { message: "Invalid entity ID '12345'. Entity IDs must be UUIDs or lookup references.", in: [0, 2] },
    ],
    [
      'no action',
      [['update-attr', { id: E }]],
      { message: 'Unsupported action update-attr', hint: { value: 'update-attr' } },
    ],
    [
      'no unique attribute',
      [['update', 'todos', ['text', 'x'], {}]],
      { message: 'text is not a unique attribute on todos' },
    ],
    [
      'no lookup',
      [['update', 'todos', ['text.name', 'x'], {}]],
      { message: 'text.name is not a valid lookup attribute.' },
    ],
    [
      'no JSON in a lookup',
      [['link', 'todos', E, { owner: 'lookup__name__undefined' }]],
      { message: 'lookup value is invalid', hint: { attribute: 'name', value: 'undefined' } },
    ],
    [
      'a lookup by two attributes',
      [['update', 'todos', { a: 1, b: 2 }, {}]],
      { message: 'lookup must be an object with a single unique attr and value.' },
    ],
  ])('%s is refused', async (_, steps, issue) => {
    const body = await refusal(steps);
    expect(body.type).toBe('validation-failed');
    expect(body.hint.errors).toEqual([issue]);
  });

  test('is refused where steps are missing, and while the app may not be written', async () => {
    expect(await post('/admin/transact', {})).toMatchObject({ status: 400, body: { type: 'param-missing' } });
    expect(await transact('x')).toMatchObject({ status: 400, body: { type: 'param-malformed' } });
    app.setStatus('read-only');
    expect(await transact([['update', 'todos', E, {}]])).toMatchObject({
      status: 400,
      body: { type: 'app-read-only' },
    });
  });
});
