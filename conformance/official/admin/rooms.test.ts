import { init as initClient } from '@instantdb/node';
import { expect, test } from 'vitest';
import { Arrivals } from '../arrivals.ts';
import { schema, testApps } from './app.ts';

const { backend, open, uncalled } = testApps();

test('getPresence() tells who is in a room', async () => {
  const { app, db } = open();
  const client = initClient({
    appId: app.id,
    apiURI: backend().url,
    websocketURI: backend().websocketURI,
    schema,
  });
  const room = client.joinRoom('lobby', 'main', { initialPresence: { name: 'Ann' } });
  const presence = new Arrivals<{ isLoading: boolean }>();
  room.subscribePresence({}, presence.push);
  await presence.until(({ isLoading }) => !isLoading);

  expect(Object.values(await db.rooms.getPresence('lobby', 'main'))).toMatchObject([
    { data: { name: 'Ann' }, 'peer-id': expect.any(String), user: null },
  ]);
  expect(await db.rooms.getPresence('lobby', 'nobody')).toEqual({});
  await client.close();
});

// Last: it looks at what the tests above have called.
test('every public method of db.rooms was called', () => {
  expect(uncalled('rooms')).toEqual([]);
});
