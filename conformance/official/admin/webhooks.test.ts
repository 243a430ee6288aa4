import { id } from '@instantdb/admin';
import { expect, test } from 'vitest';
import { type Database, testApps } from './app.ts';

const { backend, open, uncalled } = testApps();

const hook = id();
const event = '0/0/16B3748';
const signature = () => `t=${Math.floor(Date.now() / 1000)},kid=${hook},v1=00`;
const delivery = () =>
  new Request('http://localhost/', {
    method: 'POST',
    headers: { 'instant-signature': signature() },
    body: JSON.stringify({ payloadUrl: `${backend().url}/webhooks/payload/${hook}/${hook}/1`, token: 'x' }),
  });

const calls: Record<string, (webhooks: Database['webhooks']) => Promise<unknown>> = {
  'manager.list': ({ manager }) => manager.list(),
  'manager.create': ({ manager }) =>
    manager.create({ url: 'https://example.com/', namespaces: ['posts'], actions: ['create'] }),
  'manager.update': ({ manager }) => manager.update(hook, { actions: ['update'] }),
  'manager.delete': ({ manager }) => manager.delete(hook),
  'manager.enable': ({ manager }) => manager.enable(hook),
  'manager.disable': ({ manager }) => manager.disable(hook),
  'manager.listEvents': ({ manager }) => manager.listEvents(hook),
  'manager.getEvent': ({ manager }) => manager.getEvent(hook, event),
  'manager.getPayload': ({ manager }) => manager.getPayload(hook, event),
  'manager.resendEvent': ({ manager }) => manager.resendEvent(hook, event),
  fetchJwks: (webhooks) => webhooks.fetchJwks(),
  keyOfKid: (webhooks) => webhooks.keyOfKid(hook),
  validate: (webhooks) => webhooks.validate(signature(), '{}'),
  validateRequest: (webhooks) => webhooks.validateRequest(delivery()),
  fetchPayloads: (webhooks) =>
    webhooks.fetchPayloads({ payloadUrl: `${backend().url}/webhooks/payload/a/b/1`, token: 'x' }),
  processRequest: (webhooks) => webhooks.processRequest({}, delivery()),
  processNodeRequest: (webhooks) =>
    webhooks.processNodeRequest({}, {
      method: 'POST',
      url: '/',
      headers: { host: 'localhost', 'instant-signature': signature() },
      body: '{}',
    } as never),
};

test.for(Object.keys(calls))('%s() is refused by name', async (name) => {
  const { db } = open();
  await expect(calls[name](db.webhooks)).rejects.toMatchObject({
    status: 501,
    body: { message: expect.stringContaining('is not served by this backend yet') },
  });
});

test('processPayload() and helpers() need no server', async () => {
  const { db } = open();
  const seen: unknown[] = [];
  const { typedHandlers } = db.webhooks.helpers();
  const handlers = typedHandlers('posts', 'create', async (record) => {
    seen.push(record.id);
  });
  const record = {
    namespace: 'posts',
    id: hook,
    action: 'create',
    before: null,
    after: {},
    idempotencyKey: 'k',
  };
  await db.webhooks.processPayload(handlers, { data: [record], idempotencyKey: 'k' } as never);
  expect(seen).toEqual([hook]);
});

// Last: it looks at what the tests above have called.
test('every public method of db.webhooks was called', () => {
  expect(uncalled('webhooks')).toEqual([]);
  expect(uncalled('webhooks.manager')).toEqual([]);
});
