import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { FakeDisk, open, scope } from './envelope.fixture.ts';
import { parseEncryptionKey } from './keyring-input.ts';
import { plainEnvelope } from './record-envelope.ts';
import type { RecordChange } from './record-store.ts';

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const secrets = ['refresh-token-7f3a9c55d1', 'Überraschung für Zoë', 'a value of some length'];
const changes: RecordChange[] = [
  ['kv', 'currentUser', { id: 'user', refresh_token: secrets[0] }],
  ['writes', '1', { steps: [['update', 'todos', 'id', { title: secrets[1] }]] }],
  ['querySubs', 'hash', { result: [secrets[2], 'x'.repeat(5_000)] }],
];

/** `text` as it may be found in bytes: as it is, escaped, in hexadecimal, and in base64 at each of its three offsets. */
function appearances(text: string): string[] {
  const bytes = Buffer.from(text);
  const inBase64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.replace(/=+$/, '').slice(offset === 0 ? 0 : 4, -2);
  });
  return [text, JSON.stringify(text).slice(1, -1), bytes.toString('hex'), ...inBase64].flatMap((it) => [
    it,
    it.replaceAll('+', '-').replaceAll('/', '_'),
  ]);
}

function found(disk: FakeDisk): string[] {
  const all = disk.everHeld.join('\n');
  return secrets.flatMap(appearances).filter((it) => all.includes(it));
}

test('with a key, no value is in anything that the driver ever held', async () => {
  const disk = new FakeDisk();
  const { records } = open(disk, { encryptionKey: key });
  await records.write(changes);
  disk.records.set(disk.keyLike(':currentUser'), 'broken');
  await records.read('kv', 'currentUser');
  await records.write(changes);
  expect(found(disk)).toEqual([]);
});

test('without one they are, which shows that they would be found', async () => {
  const disk = new FakeDisk();
  await open(disk).records.write(changes);
  expect(found(disk).length).toBeGreaterThanOrEqual(secrets.length);
  const inBase64 = new FakeDisk();
  for (const prefix of ['', 'a', 'ab']) {
    inBase64.everHeld.push(...secrets.map((it) => Buffer.from(`${prefix}${it}!!!`).toString('base64url')));
  }
  expect(found(inBase64).length).toBeGreaterThanOrEqual(secrets.length * 3);
});

test('the same value is never sealed as the same text', async () => {
  const disk = new FakeDisk();
  const { records } = open(disk, { encryptionKey: key });
  const texts = new Set<string>();
  for (let turn = 0; turn < 1_000; turn++) {
    await records.write([['kv', 'a', 1]]);
    texts.add(disk.textLike(':a'));
  }
  expect(texts.size).toBe(1_000);
  const nonces = [...texts].map((text) => text.slice(3, 19));
  expect(new Set(nonces).size).toBe(1_000);
});

test('two storages with one key are sealed with different keys', async () => {
  const [one, two] = [new FakeDisk(), new FakeDisk()];
  for (const disk of [one, two]) await open(disk, { encryptionKey: key }).records.write([['kv', 'a', 1]]);
  two.records.set(two.keyLike(':a'), one.textLike(':a'));
  expect(await open(two, { encryptionKey: key }).records.read('kv', 'a')).toBeNull();
});

test('a plain record in the place of a sealed one is damaged', async () => {
  const [sealed, plain] = [new FakeDisk(), new FakeDisk()];
  await open(sealed, { encryptionKey: key }).records.write([['writes', '1', 'mine']]);
  await open(plain).records.write([['writes', '1', 'theirs']]);
  for (const text of [plain.textLike(':1'), '"theirs"']) {
    const disk = sealed.copy();
    disk.records.set(disk.keyLike(':1'), text);
    const { records, reports } = open(disk, { encryptionKey: key });
    expect(await records.read('writes', '1')).toBeNull();
    expect(reports).toHaveLength(1);
    // It may be a secret that was not sealed, so it is set aside sealed.
    expect([...disk.records.values()].join()).not.toContain('theirs');
  }
});

test('a plain header before sealed records is refused, with the key and without losing them', async () => {
  const [sealed, plain] = [new FakeDisk(), new FakeDisk()];
  await open(sealed, { encryptionKey: key }).records.write([['writes', '1', 'mine']]);
  await open(plain).records.write([['writes', '2', 'theirs']]);
  const disk = sealed.copy();
  for (const [place, text] of plain.records) disk.records.set(place, text);
  const before = new Map(disk.records);
  await expect(open(disk, { encryptionKey: key }).records.opened).rejects.toMatchObject({
    code: 'storage',
    message: 'Cannot open storage "fake": its header says that it is plain, but records are sealed',
  });
  expect(disk.records).toEqual(before);
});

test('a sealed storage that is moved to another instance, its header mended to fit, is refused', async () => {
  const disk = new FakeDisk();
  await open(disk, { encryptionKey: key }).records.write([['writes', '1', 'mine']]);
  const elsewhere = { ...scope, instanceKey: 'two' };
  for (const place of ['meta:header', 'meta:header-copy']) {
    const json = plainEnvelope(scope).unwrap(place, disk.records.get(place) as string) as string;
    disk.records.set(place, plainEnvelope(elsewhere).wrap(place, json));
  }
  const { records } = open(disk, { encryptionKey: key, scope: elsewhere });
  await expect(records.opened).rejects.toMatchObject({
    code: 'storage',
    message: 'Cannot open storage "fake": it is sealed with another key than encryptionKey',
  });
});

test('nothing that prints a keyring or records shows the key', async () => {
  const passphrase = 'correct horse battery staple';
  const keyring = parseEncryptionKey({ current: passphrase, previous: [key] });
  const { records } = open(new FakeDisk(), { encryptionKey: key });
  await records.write([['kv', 'a', 1]]);
  const keys = await keyring.makeKeys();
  const printed = [keyring, records, keys].flatMap((it) => [
    inspect(it, { depth: 20, showHidden: true, getters: false }),
    JSON.stringify(it),
    String(Object.getOwnPropertyNames(it)),
  ]);
  const all = printed.join('\n');
  for (const shape of [passphrase, key.toString('latin1'), key.toString('hex'), key.toString('base64')]) {
    expect(all).not.toContain(shape);
  }
  expect(all).not.toMatch(/30 31 32 33|48, ?49, ?50, ?51/);
});
