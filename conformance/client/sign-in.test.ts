import { type ConnectionStatus, id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { addressOf, open, serve } from '../support/open.ts';
import { goal, schema } from '../support/schema.ts';

const rules = { goals: { allow: { $default: 'data.title == auth.email' } } };

const signedIn = () => ({ status: 200, body: { user: { id: id(), refresh_token: 't' } } });

test('a write right behind a change of user is judged by the rules as the new user, each of 100 times', async () => {
  const backend = await serve();
  const app = backend.createApp({ schema, rules });
  const db = open(addressOf(backend, app));
  const outcomes: string[] = [];
  const write = async (title: string): Promise<void> => {
    const written = db.transact(goal(id()).update({ title }));
    outcomes.push(
      await written.then(
        ({ status }) => `${title === 'nobody' ? 'wrongly ' : ''}${status}`,
        (error: Error) => (error.message.startsWith('Permission denied') ? 'denied' : error.message),
      ),
    );
  };
  for (let count = 0; count < 25; count++) {
    await db.auth.signInAsGuest();
    await write('nobody');
    const email = `user-${count}@example.com`;
    await db.auth.sendMagicCode({ email });
    await db.auth.signInWithMagicCode({ email, code: app.magicCode(email) ?? '' });
    await write(email);
    await write('nobody');
    await db.auth.signOut();
    await write('nobody');
  }
  expect(outcomes).toEqual(Array.from({ length: 25 }, () => ['denied', 'synced', 'denied', 'denied']).flat());
});

describe('a change of user', () => {
  test('does not wait for a session where there is no network', async () => {
    const server = await fakeInstant({ http: signedIn });
    const network = switchedNetwork(false);
    const db = open(server.address, { network });
    await network.listenedTo;
    await db.auth.signInWithToken('t');
    expect(await db.getAuth()).toMatchObject({ refresh_token: 't' });
    expect(server.peers.all).toEqual([]);
  });

  test('is over when the database is closed meanwhile', async () => {
    const server = await fakeInstant({ http: signedIn, answer: () => undefined });
    const db = open(server.address);
    const statuses = inbox<ConnectionStatus>();
    db.subscribeConnectionStatus(statuses.push);
    const signingIn = db.auth.signInWithToken('t');
    const ended = expect(signingIn).rejects.toMatchObject({ code: 'closed' });
    await statuses.next((status) => status === 'opened');
    await db.close();
    await ended;
  });
});
