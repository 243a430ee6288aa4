import { i, id, init } from '@instantdb/admin';
import { type Backend, type BackendApp, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll } from 'vitest';
import { methodsOf, recorded } from './methods.ts';

/** What every app of these tests has. */
export const schema = i.schema({
  entities: {
    $users: i.entity({
      email: i.string().unique().indexed().optional(),
      nickname: i.string().optional(),
    }),
    $files: i.entity({
      path: i.string().unique().indexed(),
      url: i.string(),
      size: i.number(),
      'content-type': i.string().optional(),
      'content-disposition': i.string().optional(),
    }),
    $streams: i.entity({
      clientId: i.string().unique().indexed(),
      done: i.boolean().optional(),
      size: i.number().optional(),
    }),
    posts: i.entity({
      title: i.string().indexed(),
      slug: i.string().unique().indexed(),
      rank: i.number().indexed().optional(),
      meta: i.json().optional(),
    }),
    comments: i.entity({ body: i.string() }),
  },
  links: {
    postComments: {
      forward: { on: 'comments', has: 'one', label: 'post', onDelete: 'cascade' },
      reverse: { on: 'posts', has: 'many', label: 'comments' },
    },
    postAuthor: {
      forward: { on: 'posts', has: 'one', label: 'author' },
      reverse: { on: '$users', has: 'many', label: 'posts' },
    },
  },
  rooms: { lobby: { presence: i.entity({ name: i.string() }) } },
});

const rules = {
  posts: {
    bind: ['isAuthor', "auth.id in data.ref('author.id')"],
    allow: { view: 'isAuthor || ruleParams.preview == data.slug', create: 'isAuthor', update: 'isAuthor' },
  },
  $users: { allow: { create: 'true' } },
  $files: { allow: { view: "data.path.startsWith('public/')" } },
  $streams: { allow: { view: 'true', create: 'auth.id != null' } },
};

const initialised = (config: { appId: string; apiURI: string; adminToken?: string }) =>
  init({ ...config, schema });

/** The admin database of these tests. */
export type Database = ReturnType<typeof initialised>;

/** A new app, with the admin database that holds its token and one that holds none. */
export interface OpenApp {
  app: BackendApp;
  db: Database;
  withoutToken: Database;
}

/** What the tests of a file work with. */
export interface TestApps {
  backend(): Backend;
  /** A new app. */
  open(): OpenApp;
  /** The methods of a namespace, where `''` is the database itself, that were not called through what was opened. */
  uncalled(namespace: string): string[];
}

/** Starts a backend for the tests of a file, which open an app each. */
export function testApps(): TestApps {
  const called = new Set<string>();
  let backend: Backend;
  beforeAll(async () => {
    backend = await startBackend();
  });
  afterAll(() => backend.close());

  const open = (): OpenApp => {
    const app = backend.createApp({ schema, rules });
    const config = { appId: app.id, apiURI: backend.url };
    return {
      app,
      db: recorded(initialised({ ...config, adminToken: app.adminToken }), called),
      withoutToken: recorded(initialised(config), called),
    };
  };
  return {
    backend: () => backend,
    open,
    uncalled: (namespace) => methodsOf(open().db)[namespace].filter((name) => !called.has(name)),
  };
}

/** Writes a post with the rights of `db`, and gives its id. */
export async function addPost(db: Database, slug: string, author?: string): Promise<string> {
  const postId = id();
  const post = db.tx.posts[postId].create({ title: `On ${slug}`, slug });
  await db.transact(author === undefined ? post : post.link({ author }));
  return postId;
}
