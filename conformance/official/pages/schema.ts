import { i } from '@instantdb/core';

/** What every app of these tests has, in the backend and in the page. */
export const schema = i.schema({
  entities: {
    $users: i.entity({ email: i.string().unique().indexed().optional(), nickname: i.string().optional() }),
    $files: i.entity({ path: i.string().unique().indexed(), url: i.string() }),
    $streams: i.entity({ clientId: i.string().unique().indexed() }),
    posts: i.entity({ title: i.string().indexed(), slug: i.string().unique().indexed() }),
    comments: i.entity({ body: i.string() }),
  },
  links: {
    postComments: {
      forward: { on: 'comments', has: 'one', label: 'post' },
      reverse: { on: 'posts', has: 'many', label: 'comments' },
    },
  },
  rooms: {
    lobby: {
      presence: i.entity({ name: i.string() }),
      topics: { wave: i.entity({ hand: i.string() }) },
    },
  },
});

/** Those who are logged in write, and see their own files. */
export const rules = {
  posts: { allow: { create: 'auth.id != null', update: 'auth.id != null', delete: 'false' } },
  $users: { allow: { create: 'true' } },
  $files: { allow: { $default: 'auth.id != null' } },
  $streams: { allow: { view: 'true', create: 'auth.id != null' } },
};
