import { beforeEach, describe, expect, test } from 'vitest';
import type { Attr } from '../../protocol/attr.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { BackendApp } from '../index.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { HttpClient, type Reply } from '../testing/http-client.ts';

let app: BackendApp;
let admin: HttpClient;

const backend = await backendForTests();
beforeEach(() => {
  app = backend.createApp({ title: 'Schemas', schema: books });
  admin = new HttpClient(backend.url, { 'app-id': app.id }).as(app.adminToken);
});

const dash = (path: string): string => `/dash/apps/${app.id}/${path}`;
const uuid = () => crypto.randomUUID();

const blob = (valueType: string, config: JsonObject = {}, required = false): JsonObject => ({
  valueType,
  required,
  config: { indexed: false, unique: false, ...config },
});

const books: JsonObject = {
  entities: {
    books: { attrs: { title: blob('string'), pages: blob('any') } },
    authors: { attrs: { name: blob('string') } },
  },
  links: {
    bookAuthor: {
      forward: { on: 'books', label: 'author', has: 'one' },
      reverse: { on: 'authors', label: 'books', has: 'many' },
    },
  },
};

/** The schema of the app with other attributes of books, and its link changed. */
const changed = (
  attrs: JsonObject,
  link: { forward?: JsonObject; reverse?: JsonObject } = {},
): JsonObject => {
  const { forward, reverse } = (books.links as Record<string, Record<string, JsonObject>>).bookAuthor ?? {};
  return {
    entities: { ...(books.entities as JsonObject), books: { attrs } },
    links: {
      bookAuthor: { forward: { ...forward, ...link.forward }, reverse: { ...reverse, ...link.reverse } },
    },
  };
};

async function attr(etype: string, label: string): Promise<Attr> {
  const { body } = await admin.get(dash('schema/pull'));
  const found = body.attrs.find(
    (one: Attr) => one['forward-identity'].slice(1).join('.') === `${etype}.${label}`,
  );
  if (!found) throw new Error(`There is no ${etype}.${label}`);
  return found;
}

async function write(steps: JsonValue): Promise<void> {
  const { status, body } = await admin.post('/admin/transact', { steps });
  expect(status, JSON.stringify(body)).toBe(200);
}

const push = (schema: JsonValue, kind: 'plan' | 'apply' = 'apply', background = true): Promise<Reply> =>
  admin.post(dash(`schema/push/${kind}`), {
    schema,
    check_types: true,
    supports_background_updates: background,
  });

const kinds = ({ body }: Reply): string[] => body.steps.map(([kind]: [string]) => kind);

describe('GET schema/pull', () => {
  test('gives all attributes, and the schema without what is the backend’s own concern', async () => {
    const { status, body } = await admin.get(dash('schema/pull'));
    expect(status).toBe(200);
    expect(body['app-title']).toBe('Schemas');
    expect(body.attrs.map((one: Attr) => one['forward-identity'][1])).toContain('$magicCodes');
    expect(Object.keys(body.schema.blobs).sort()).toEqual([
      '$files',
      '$streams',
      '$users',
      'authors',
      'books',
    ]);
    expect(Object.keys(body.schema.blobs.$files).sort()).toEqual(['id', 'path', 'url']);
    expect(body.schema.blobs.$files.url['required?']).toBe(true);
    expect(Object.keys(body.schema.blobs.$streams)).not.toContain('machineId');
    expect(body.schema.blobs.books.title).toMatchObject({ 'checked-data-type': 'string', catalog: 'user' });
    expect(body.schema.refs['["books" "author" "authors" "books"]']).toMatchObject({
      'value-type': 'ref',
      cardinality: 'one',
      'unique?': false,
    });
  });
});

describe('POST schema/push', () => {
  test('a plan changes nothing', async () => {
    const { status, body } = await push(
      changed({ title: blob('string', { unique: true }), isbn: blob('number') }),
      'plan',
    );
    expect(status).toBe(200);
    expect(kinds({ status, body })).toEqual(['unique', 'add-attr']);
    expect(body['new-schema'].blobs.books.isbn).toMatchObject({ id: null, 'checked-data-type': 'number' });
    expect(body['current-schema'].blobs.books).not.toHaveProperty('isbn');
    expect(body['current-attrs']).toHaveLength((await admin.get(dash('schema/pull'))).body.attrs.length);
    expect(body).not.toHaveProperty('transaction');
  });

  test('adds what is new and runs a job for each change that looks at values', async () => {
    const reply = await push(
      changed(
        {
          title: blob('string', { indexed: true, unique: true }, true),
          pages: blob('number'),
          isbn: blob('date'),
        },
        { forward: { required: true } },
      ),
    );
    expect(kinds(reply)).toEqual(['index', 'unique', 'required', 'check-data-type', 'add-attr', 'required']);
    const { jobs, 'group-id': group } = reply.body['indexing-jobs'];
    expect(jobs).toHaveLength(5);
    for (const job of jobs)
      expect(job).toMatchObject({ job_status: 'completed', error: null, app_id: app.id });
    expect(jobs[0]).toMatchObject({ attr_name: 'books.title', job_type: 'index', group_id: group });
    expect(reply.body.steps[0][1]['job-id']).toBe(jobs[0].id);
    expect(reply.body.transaction).toMatchObject({ id: expect.any(Number), app_id: app.id });
    expect(await attr('books', 'title')).toMatchObject({
      'index?': true,
      'unique?': true,
      'required?': true,
    });
    expect(await attr('books', 'pages')).toMatchObject({ 'checked-data-type': 'number' });
    expect(await attr('books', 'author')).toMatchObject({ 'required?': true });
    expect((await admin.get(dash(`indexing-jobs/group/${group}`))).body).toEqual({ jobs });
    expect((await admin.get(dash(`indexing-jobs/${jobs[1].id}`))).body).toEqual({ job: jobs[1] });
    expect(
      (
        await push(
          changed(
            {
              title: blob('string', { indexed: true, unique: true }, true),
              pages: blob('number'),
              isbn: blob('date'),
            },
            { forward: { required: true } },
          ),
        )
      ).body,
    ).toMatchObject({ steps: [], transaction: {}, 'indexing-jobs': null });
  });

  test('undoes flags and types, and deletes nothing', async () => {
    await push(
      changed({ title: blob('string', { indexed: true, unique: true }, true), pages: blob('number') }),
    );
    const reply = await push(changed({ title: blob('json') }));
    expect(kinds(reply)).toEqual(['remove-index', 'remove-unique', 'remove-required', 'remove-data-type']);
    const title = await attr('books', 'title');
    expect(title).toMatchObject({ 'index?': false, 'unique?': false, 'required?': false });
    expect(title).not.toHaveProperty('checked-data-type');
    expect(await attr('books', 'pages')).toMatchObject({ 'checked-data-type': 'number' });
  });

  test('gives an id to a namespace that is new and has attributes', async () => {
    expect(kinds(await push({ entities: { tags: { attrs: {} } } }))).toEqual([]);
    expect(kinds(await push({ entities: { tags: { attrs: { name: blob('string') } } } }))).toEqual([
      'add-attr',
      'add-attr',
    ]);
    const { id } = await attr('tags', 'id');
    await write([['delete-attr', id]]);
    expect(kinds(await push({ entities: { tags: { attrs: { size: blob('number') } } } }))).toEqual([
      'add-attr',
    ]);
  });

  test('without jobs, flags change in the transaction', async () => {
    const reply = await push(changed({ title: blob('string', { indexed: true }) }), 'apply', false);
    expect(kinds(reply)).toEqual(['update-attr']);
    expect(await attr('books', 'title')).toMatchObject({ 'index?': true });
  });

  test('changes how a link holds', async () => {
    const cascading = { forward: { onDelete: 'cascade' } };
    expect(kinds(await push(changed({}, cascading)))).toEqual(['update-attr']);
    expect(await attr('books', 'author')).toMatchObject({ 'on-delete': 'cascade' });
    expect(kinds(await push(changed({}, { forward: { ...cascading.forward, required: true } })))).toEqual([
      'required',
    ]);
    expect(await attr('books', 'author')).toMatchObject({ 'on-delete': 'cascade', 'required?': true });
    expect(kinds(await push(changed({}, { forward: { has: 'many' }, reverse: { has: 'one' } })))).toEqual([
      'remove-required',
      'update-attr',
    ]);
    const author = await attr('books', 'author');
    expect(author).toMatchObject({ cardinality: 'many', 'unique?': true, 'required?': false });
    expect(author).not.toHaveProperty('on-delete');
  });

  test('what was pulled can be pushed: the system’s own is passed over', async () => {
    const schema: JsonObject = {
      entities: {
        $users: {
          attrs: { email: blob('string', { indexed: true, unique: true }), nickname: blob('string') },
        },
        $files: { attrs: { path: blob('string'), url: blob('string', {}, true) } },
        $magicCodes: { attrs: { email: blob('string') } },
      },
      links: {
        $usersLinkedPrimaryUser: {
          forward: { on: '$users', has: 'one', label: 'linkedPrimaryUser', onDelete: 'cascade' },
          reverse: { on: '$users', has: 'many', label: 'linkedGuestUsers' },
        },
      },
    };
    const { body } = await push(schema);
    expect(body.steps).toMatchObject([
      ['add-attr', { 'forward-identity': [expect.any(String), '$users', 'nickname'] }],
    ]);
  });

  test.each<[string, JsonObject, string]>([
    [
      'a name that a link has',
      { entities: { books: { attrs: { author: blob('string') } } } },
      'books->author: Duplicate entry found for attribute. ',
    ],
    [
      'a name that is given twice',
      { entities: {}, links: { a: linkOf('x', 'y', 'z', 'w'), b: linkOf('x', 'y', 'v', 'u') } },
      'x->y: Duplicate entry found for attribute. ',
    ],
    [
      'a link that is there the other way round',
      { links: { turned: linkOf('authors', 'books', 'books', 'author') } },
      'authors->books: Conflicting link found for attribute. ',
    ],
    [
      'a cascade from many',
      changed({}, { reverse: { onDelete: 'cascade' } }),
      "authors->books: Cascade delete is only possible on links with `has: 'one'`.",
    ],
  ])('refuses %s', async (_, schema, message) => {
    const { status, body } = await push(schema, 'plan');
    expect(status).toBe(400);
    expect(body.hint['data-type']).toBe('schema');
    expect(body.hint.errors[0]).toMatchObject({ in: ['schema'], message: expect.stringContaining(message) });
  });

  test('refuses what is no schema', async () => {
    const { status, body } = await push({ entities: { books: { attrs: { title: { valueType: 'text' } } } } });
    expect({ status, type: body.type }).toEqual({ status: 400, type: 'validation-failed' });
  });
});

function linkOf(on: string, label: string, to: string, reverse: string): JsonObject {
  return { forward: { on, label, has: 'one' }, reverse: { on: to, label: reverse, has: 'many' } };
}

describe('a job that indexes', () => {
  test('stands a null for what an entity lacks, which an update of the attribute does not', async () => {
    const id = uuid();
    await write([['update', 'books', id, { title: 'x' }]]);
    const nulls = async (label: string): Promise<unknown[]> => {
      const { id: a } = await attr('books', label);
      return app
        .snapshot()
        .triples.filter((triple) => triple[1] === a)
        .map(([, , v]) => v);
    };
    const pages = await attr('books', 'pages');
    const step = ['update-attr', { id: pages.id, 'index?': true }];
    await admin.post(dash('schema/steps/apply'), { steps: [step] });
    expect(await nulls('pages')).toEqual([]);
    await admin.post(dash('indexing-jobs'), { 'attr-id': pages.id, 'job-type': 'remove-index' });
    await admin.post(dash('indexing-jobs'), { 'attr-id': pages.id, 'job-type': 'index' });
    expect(await nulls('pages')).toEqual([null]);
  });
});

describe('a job that cannot', () => {
  const run = async (
    type: string,
    etype: string,
    label: string,
    more: JsonObject = {},
  ): Promise<Reply['body']> => {
    const { id } = await attr(etype, label);
    const { status, body } = await admin.post(dash('indexing-jobs'), {
      'attr-id': id,
      'job-type': type,
      ...more,
    });
    expect(status, JSON.stringify(body)).toBe(200);
    return body.job;
  };

  test('tells of values of another type, and of ten at most', async () => {
    const ids = Array.from({ length: 12 }, uuid);
    await write(ids.map((id) => ['update', 'books', id, { pages: 'many' }]));
    await write([['update', 'books', uuid(), { pages: 12 }]]);
    const job = await run('check-data-type', 'books', 'pages', { 'checked-data-type': 'number' });
    expect(job).toMatchObject({
      job_status: 'errored',
      error: 'invalid-triple-error',
      checked_data_type: 'number',
      done_at: null,
    });
    expect(job.invalid_triples_sample).toHaveLength(10);
    expect(ids).toContain(job.invalid_triples_sample[0].entity_id);
    expect(job.invalid_triples_sample[0]).toMatchObject({ value: 'many', json_type: 'string' });
    expect(await attr('books', 'pages')).not.toHaveProperty('checked-data-type');
  });

  test('tells of a value that several entities have', async () => {
    const ids = [uuid(), uuid()].sort();
    await write(ids.map((id) => ['update', 'books', id, { title: 'Same' }]));
    const job = await run('unique', 'books', 'title');
    expect(job).toMatchObject({ error: 'triple-not-unique-error', invalid_unique_value: 'Same' });
    expect(job.invalid_triples_sample.map((one: { entity_id: string }) => one.entity_id).sort()).toEqual(ids);
    expect(await attr('books', 'title')).toMatchObject({ 'unique?': false });
  });

  test('tells of a value that is too large for an index', async () => {
    const id = uuid();
    await write([['update', 'books', id, { title: 'x'.repeat(2_000) }]]);
    const job = await run('index', 'books', 'title');
    expect(job).toMatchObject({
      error: 'triple-too-large-error',
      invalid_triples_sample: [{ entity_id: id, json_type: 'string' }],
    });
    expect(await attr('books', 'title')).toMatchObject({ 'index?': false });
  });

  test('tells of entities without a value', async () => {
    const id = uuid();
    await write([
      ['update', 'books', id, {}],
      ['update', 'books', uuid(), { title: 'x' }],
    ]);
    expect(await run('required', 'books', 'title')).toMatchObject({
      error: 'missing-required-error',
      error_data: { count: 1, etype: 'books', label: 'title', 'entity-ids': [id] },
      invalid_triples_sample: [{ entity_id: id, value: null, json_type: 'null' }],
    });
  });

  test('tells that an attribute is the system’s', async () => {
    expect(await run('remove-index', '$users', 'email')).toMatchObject({ error: 'invalid-attr-state-error' });
    expect(await attr('$users', 'email')).toMatchObject({ 'index?': true });
  });

  test.each<[string, JsonObject, JsonObject]>([
    [
      'an attribute that is not there',
      { 'attr-id': uuid(), 'job-type': 'index' },
      { type: 'record-not-found' },
    ],
    ['no attribute', { 'job-type': 'index' }, { type: 'param-missing' }],
    [
      'no kind of job',
      { 'attr-id': uuid(), 'job-type': 'polish' },
      { message: 'Validation failed for job-type: Invalid job type polish.' },
    ],
  ])('is not begun for %s', async (_, request, expected) => {
    expect(await admin.post(dash('indexing-jobs'), request)).toMatchObject({ status: 400, body: expected });
  });

  test('is not begun for a type that is none', async () => {
    const { id } = await attr('books', 'pages');
    const request = { 'attr-id': id, 'job-type': 'check-data-type', 'checked-data-type': 'json' };
    expect(await admin.post(dash('indexing-jobs'), request)).toMatchObject({
      status: 400,
      body: { type: 'param-malformed' },
    });
  });
});

describe('POST schema/steps/apply', () => {
  const apply = (steps: JsonValue): Promise<Reply> => admin.post(dash('schema/steps/apply'), { steps });

  test('adds, renames and deletes, then runs the jobs; what fails there leaves the rest', async () => {
    const [title, pages] = [await attr('books', 'title'), await attr('books', 'pages')];
    await write([
      ['update', 'books', uuid(), { title: 'Same' }],
      ['update', 'books', uuid(), { title: 'Same' }],
    ]);
    const [id, ident] = [uuid(), title['forward-identity'][0]];
    const { status, body } = await apply([
      ['unique', { 'attr-id': title.id, 'forward-identity': title['forward-identity'] }],
      ['update-attr', { id: title.id, 'forward-identity': [ident, 'books', 'name'] }],
      ['delete-attr', pages.id],
      [
        'add-attr',
        {
          id,
          'forward-identity': [uuid(), 'books', 'isbn'],
          'value-type': 'blob',
          cardinality: 'one',
          'unique?': false,
          'index?': false,
        },
      ],
      ['index', { 'attr-id': id, 'forward-identity': [uuid(), 'books', 'isbn'] }],
    ]);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.transaction.results).toEqual({
      'update-attr': [title.id],
      'delete-attr': [pages.id],
      'add-attr': [id],
    });
    expect(body['indexing-jobs'].jobs).toMatchObject([
      { job_status: 'errored', error: 'triple-not-unique-error', attr_name: 'books.name' },
      { job_status: 'completed', attr_name: 'books.isbn' },
    ]);
    const { schema } = (await admin.get(dash('schema/pull'))).body;
    expect(Object.keys(schema.blobs.books).sort()).toEqual(['id', 'isbn', 'name']);
    expect(schema.blobs.books.isbn['index?']).toBe(true);
    expect((await admin.get(dash('soft_deleted_attrs'))).body.attrs).toMatchObject([{ id: pages.id }]);
  });

  test('a transaction that is refused changes nothing, and no job runs', async () => {
    const title = await attr('books', 'title');
    const { status, body } = await apply([
      ['index', { 'attr-id': title.id }],
      ['add-attr', { ...title, id: uuid(), 'forward-identity': [uuid(), 'books', 'title'] }],
    ]);
    expect({ status, type: body.type }).toEqual({ status: 400, type: 'record-not-unique' });
    expect(await attr('books', 'title')).toMatchObject({ 'index?': false });
  });

  test.each<[string, JsonValue, (string | number)[]]>([
    ['a step', [1], [0]],
    ['a kind', [['add-triple', 1]], [0, 0]],
    ['a target', [['index', 'x']], [0, 1]],
    ['an id', [['index', { 'attr-id': 'x' }]], [0, 1, 'attr-id']],
    [
      'a type',
      [['check-data-type', { 'attr-id': uuid(), 'checked-data-type': 'json' }]],
      [0, 1, 'checked-data-type'],
    ],
  ])('refuses what is not %s', async (_, steps, path) => {
    const { status, body } = await apply(steps);
    expect({ status, in: body.hint.errors[0].in }).toEqual({ status: 400, in: path });
  });
});
