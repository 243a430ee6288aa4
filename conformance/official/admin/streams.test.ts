import { expect, test } from 'vitest';
import { testApps } from './app.ts';

const { open, uncalled } = testApps();

async function textOf(stream: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

test('createReadStream() gives what createWriteStream() was given, during and after', async () => {
  const { db } = open();
  const writer = db.streams.createWriteStream({ clientId: 'story' }).getWriter();
  await writer.write('Once upon ');
  const during = textOf(db.streams.createReadStream({ clientId: 'story' }));
  await writer.write('a time 🐻');
  await writer.close();

  expect(await during).toBe('Once upon a time 🐻');
  expect(await textOf(db.streams.createReadStream({ clientId: 'story' }))).toBe('Once upon a time 🐻');
  expect(await textOf(db.streams.createReadStream({ clientId: 'story', byteOffset: 10 }))).toBe('a time 🐻');
  expect(await db.query({ $streams: {} })).toMatchObject({
    $streams: [{ clientId: 'story', done: true, size: 21 }],
  });
});

test('createWriteStream() obeys the rules', async () => {
  const { db } = open();
  const guest = db.asUser({ guest: true }).streams.createWriteStream({ clientId: 'guest' }).getWriter();
  await expect(guest.write('x').then(() => guest.close())).rejects.toThrow(/has-streams-permission/);
  const user = db.asUser({ token: await db.auth.createToken({ email: 'ann@example.com' }) });
  const writer = user.streams.createWriteStream({ clientId: 'user' }).getWriter();
  await writer.write('x');
  await writer.close();
  expect(await textOf(db.streams.createReadStream({ clientId: 'user' }))).toBe('x');
  expect(await db.query({ $streams: {} })).toMatchObject({ $streams: [{ clientId: 'user', done: true }] });
});

// Last: it looks at what the tests above have called.
test('every public method of db.streams was called', () => {
  expect(uncalled('streams')).toEqual([]);
});
