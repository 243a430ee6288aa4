import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../protocol/json.ts';
import type { BackendApp } from '../../index.ts';
import { backendForTests } from '../../testing/backend-for-tests.ts';
import { HttpClient } from '../../testing/http-client.ts';
import { todoSchema } from '../../testing/todos.ts';

let app: BackendApp;
let admin: HttpClient;
let guest: HttpClient;
const todo = crypto.randomUUID();

const backend = await backendForTests();
beforeEach(async () => {
  app = backend.createApp({ schema: todoSchema });
  admin = new HttpClient(backend.url, { 'app-id': app.id }).as(app.adminToken);
  guest = admin.with({ 'as-guest': 'true' });
  await admin.post('/admin/transact', { steps: [['update', 'todos', todo, { text: 'secret' }]] });
});

const rules = (view: string, update = 'true'): JsonObject => ({ todos: { allow: { view, update } } });
const steps = [['update', 'todos', todo, { text: 'changed' }]];
const text = async (): Promise<string> =>
  (await admin.post('/admin/query', { query: { todos: {} } })).body.todos[0].text;

describe('POST /admin/query_perms_check', () => {
  const check = (client: HttpClient, fields: JsonObject) =>
    client.post('/admin/query_perms_check', { query: { todos: {} }, ...fields });

  test('tells what a user would see, and which rule said so', async () => {
    await admin.post(`/dash/apps/${app.id}/rules`, { code: rules('data.text != "secret"') });
    const { status, body } = await check(guest, {});
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.result).toEqual({ todos: [] });
    expect(body['check-results']).toMatchObject([
      {
        id: todo,
        entity: 'todos',
        label: null,
        record: { id: todo, text: 'secret' },
        program: { etype: 'todos', action: 'view', code: 'data.text != "secret"' },
        check: false,
      },
    ]);
  });

  test('lists what has no rule too, and names the label of a rule for one', async () => {
    const record = { id: todo, text: 'secret', position: null };
    const open = { id: todo, entity: 'todos', label: null, record, program: {}, check: true };
    const { body } = await check(guest, {});
    expect(body['check-results']).toEqual([open]);
    const fields = { todos: { fields: { text: 'false' } } };
    const { body: hidden } = await check(guest, { 'rules-override': fields });
    const program = { etype: 'todos', action: 'view', code: 'false', 'display-code': 'false' };
    expect(hidden['check-results']).toEqual([open, { ...open, label: 'text', program, check: false }]);
  });

  test('tries other rules, another address and another origin', async () => {
    const open = await check(guest, { 'rules-override': rules('true') });
    expect(open.body.result.todos).toHaveLength(1);
    const code = rules('request.ip == "10.0.0.1" && request.origin == "https://a.example"');
    const fields = { 'rules-override': code, 'ip-override': '10.0.0.1' };
    expect((await check(guest, fields)).body.result.todos).toHaveLength(0);
    const both = { ...fields, 'origin-override': 'https://a.example' };
    expect((await check(guest, both)).body.result.todos).toHaveLength(1);
  });

  test('says what an evaluator says', async () => {
    const { status, body } = await check(guest, { 'rules-override': rules('data.text + 1 == 2') });
    expect({ status, type: body.type }).toEqual({ status: 400, type: 'permission-evaluation-failed' });
    expect(body.message).not.toContain('You may have a typo');
  });

  test.each<[string, () => HttpClient, JsonObject, JsonObject]>([
    ['an admin', () => admin, {}, { message: 'Validation failed for non-admin: Cannot test perms as admin' }],
    ['whoever has no admin token', () => guest.as(crypto.randomUUID()), {}, { type: 'record-not-found' }],
    [
      'rules that cannot be',
      () => guest,
      { 'rules-override': rules('(') },
      { hint: { 'data-type': 'rule' } },
    ],
    ['a query that is none', () => guest, { query: 1 }, { type: 'param-malformed' }],
  ])('is refused for %s', async (_, client, fields, expected) => {
    expect(await check(client(), fields)).toMatchObject({ status: 400, body: expected });
  });
});

describe('POST /admin/transact_perms_check', () => {
  const check = (client: HttpClient, fields: JsonObject) =>
    client.post('/admin/transact_perms_check', { steps: steps as unknown as JsonObject[], ...fields });

  test('tells what rules say of a transaction, and keeps nothing', async () => {
    const { status, body } = await check(guest, {});
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({ 'tx-id': expect.any(Number), 'all-checks-ok?': true, 'committed?': false });
    const refused = (await check(guest, { 'rules-override': rules('true', 'data.text != "secret"') })).body;
    expect(refused).toMatchObject({ 'all-checks-ok?': false, 'committed?': false });
    expect(refused['check-results']).toMatchObject([
      {
        scope: 'object',
        action: 'update',
        etype: 'todos',
        eid: todo,
        program: { etype: 'todos', action: 'update' },
        'check-result': false,
        'check-pass?': false,
      },
    ]);
    expect(await text()).toBe('secret');
  });

  test('keeps what all rules let pass, where that is asked for', async () => {
    const commit = { 'dangerously-commit-tx': true };
    const refused = await check(guest, { ...commit, 'rules-override': rules('true', 'false') });
    expect(refused.body).toMatchObject({ 'all-checks-ok?': false, 'committed?': false });
    expect(await text()).toBe('secret');
    expect((await check(guest, commit)).body).toMatchObject({ 'all-checks-ok?': true, 'committed?': true });
    expect(await text()).toBe('changed');
  });

  test('is refused for an admin, for steps that are none, and for names that are not there', async () => {
    expect((await check(admin, {})).body.message).toContain('Cannot test perms as admin');
    expect((await check(guest, { steps: 'x' })).body.type).toBe('param-malformed');
    const strange = { steps: [['update', 'todos', todo, { strange: 1 }]], 'throw-on-missing-attrs?': true };
    expect((await check(guest, strange)).body.message).toContain('Attributes are missing in your schema');
  });
});
