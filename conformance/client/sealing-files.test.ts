import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { id, type NodeConfig } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { fakeInstant, resultOf } from '../support/fake-instant.ts';
import { switchedNetwork } from '../support/network.ts';
import { type Address, follow, freshKey, open } from '../support/open.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { goal, type Schema } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const newKey = Buffer.from('fedcba9876543210fedcba9876543210');

const token = 'refresh-token-7f3a9c55d1';
const answered = 'Überraschung für Zoë und Ann';
const written = 'A goal that nobody may read';

/** `text` as it may be found in bytes: as it is, in UTF-16, in hexadecimal, and in base64 at each of its three offsets. */
function appearances(text: string): string[] {
  const bytes = Buffer.from(text);
  const inBase64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(offset === 0 ? 0 : 4, -2);
  });
  const all = [bytes.toString('latin1'), bytes.toString('hex'), ...inBase64];
  const inUrls = inBase64.map((it) => it.replaceAll('+', '-').replaceAll('/', '_'));
  return [...all, ...inUrls, Buffer.from(text, 'utf16le').toString('latin1')];
}

/** Which of the secrets the bytes of any file in `folder` hold. */
function found(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile());
  expect(files.length).toBeGreaterThan(0);
  const bytes = files.map((it) => readFileSync(join(it.parentPath, it.name), 'latin1')).join('\n');
  return [token, answered, written].filter((secret) => appearances(secret).some((it) => bytes.includes(it)));
}

type Place = Pick<NodeConfig<Schema, false>, 'storage' | 'storagePath' | 'redis' | 'instanceKey'>;

/** A database that keeps a user, an answer and a write which is not delivered; `look` is called while it is open and after. */
async function fill(
  place: Place,
  encryptionKey?: NodeConfig<Schema, false>['encryptionKey'],
  look: () => void = () => {},
): Promise<Address> {
  const user = { id: id(), email: 'ann@example.com', refresh_token: token };
  const server = await fakeInstant({
    http: () => ({ status: 200, body: { user } }),
    answer(message, _peer, good) {
      if (message.op === 'transact') return undefined;
      return good?.op === 'add-query-ok' ? { ...good, result: resultOf({ [id()]: answered }) } : good;
    },
  });
  const db = open(server.address, { ...place, encryptionKey });
  await db.auth.signInWithToken(token);
  await follow(db, { goals: {} }).next(({ data }) => data?.goals.length === 1);
  void db.transact(goal(id()).update({ title: written })).catch(() => {});
  await (db._reactor as unknown as { flush(): Promise<void> }).flush();
  look();
  await db.close({ timeoutMs: 0 });
  look();
  return server.address;
}

/** What a database that is offline finds. */
async function findOffline(
  address: Address,
  place: Place,
  encryptionKey: NodeConfig<Schema, false>['encryptionKey'],
): Promise<unknown[]> {
  const network = switchedNetwork(false);
  const db = open(address, { ...place, encryptionKey, network });
  const user = await db.getAuth();
  const goals = follow(db, { goals: {} });
  const { data } = await goals.next((answer) => answer.data?.goals.length === 2);
  const waiting = db.pendingTransactions().length;
  await db.close();
  return [user?.refresh_token, data?.goals.map(({ title }) => title).sort(), waiting];
}

const everything = [token, [written, answered].sort(), 1];

const kinds = [
  ['filesystem', true],
  ['sqlite', hasSqlite],
] as const;

for (const [storage, isThere] of kinds) {
  describe.runIf(isThere)(`storage "${storage}" with an encryptionKey`, () => {
    const freshPlace = (): Place & { folder: string } => {
      const folder = temporaryFolder();
      const storagePath = storage === 'sqlite' ? join(folder, 'data.db') : folder;
      return { storage, storagePath, instanceKey: freshKey(), folder };
    };

    test('holds no token, answer or write that can be found in its bytes, and gives them to the next database', async () => {
      const { folder, ...place } = freshPlace();
      const address = await fill(place, key, () => expect(found(folder)).toEqual([]));
      expect(await findOffline(address, place, key)).toEqual(everything);
      expect(found(folder)).toEqual([]);
    });

    test('without one they are found, which shows that the search works', async () => {
      const { folder, ...place } = freshPlace();
      await fill(place, undefined, () => expect(found(folder)).toEqual([token, answered, written]));
    });

    test('seals what was kept without a key, and leaves nothing of it behind', async () => {
      const { folder, ...place } = freshPlace();
      const address = await fill(place);
      expect(await findOffline(address, place, key)).toEqual(everything);
      expect(found(folder)).toEqual([]);
    });

    test('opens with a new key and the previous one, then with the new one alone', async () => {
      const { folder: _, ...place } = freshPlace();
      const address = await fill(place, key);
      expect(await findOffline(address, place, { current: newKey, previous: [key] })).toEqual(everything);
      expect(await findOffline(address, place, newKey)).toEqual(everything);
    });

    test.each([
      ['no key', undefined],
      ['another key', newKey],
      ['a passphrase', 'correct horse battery staple'],
    ])('is refused with %s, and left as it was', async (_, encryptionKey) => {
      const { folder: _folder, ...place } = freshPlace();
      const address = await fill(place, key);
      const db = open(address, { ...place, encryptionKey });
      await expect(db.ready()).rejects.toMatchObject({ code: 'storage' });
      await db.close();
      expect(await findOffline(address, place, key)).toEqual(everything);
    });
  });
}

describeWithRedis('storage "redis" with an encryptionKey', () => {
  const start = async (): Promise<{ place: Place; folder: string }> => {
    const server = await startRedis();
    const [, folder = ''] = server.command('CONFIG', 'GET', 'dir').split('\n');
    return { place: { storage: 'redis', redis: { url: server.url }, instanceKey: freshKey() }, folder };
  };

  test('holds no token, answer or write that can be found in its append-only file', async () => {
    const { place, folder } = await start();
    const address = await fill(place, key, () => expect(found(folder)).toEqual([]));
    expect(await findOffline(address, place, key)).toEqual(everything);
    expect(found(folder)).toEqual([]);
  });

  test('without one they are found, which shows that the search works', async () => {
    const { place, folder } = await start();
    await fill(place, undefined, () => expect(found(folder)).toEqual([token, answered, written]));
  });
});
