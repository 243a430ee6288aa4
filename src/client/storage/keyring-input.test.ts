import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isInstantNodeError } from '../../errors.ts';
import { Keyring } from './keyring.ts';
import { parseEncryptionKey } from './keyring-input.ts';

const long = 'tr0ub4dor';

test('parseEncryptionKey() takes 32 bytes, a passphrase, and both as current and previous keys', () => {
  for (const option of [
    randomBytes(32),
    new Uint8Array(32),
    'correct horse battery staple',
    '12345678',
    '😀😀😀😀😀😀😀😀',
    { current: 'correct horse' },
    { current: randomBytes(32), previous: [] },
    { current: 'correct horse', previous: ['another one', randomBytes(32)] },
  ]) {
    expect(parseEncryptionKey(option)).toBeInstanceOf(Keyring);
  }
});

test.each([
  ['nothing', undefined, 'option "encryptionKey" is undefined'],
  ['null', null, 'option "encryptionKey" is null'],
  ['a number', 12345678, 'option "encryptionKey" is a value of type number'],
  ['an empty text', '', 'option "encryptionKey" is empty'],
  ['blanks', ' '.repeat(40), 'option "encryptionKey" is empty'],
  ['a short text', 'secret7', 'option "encryptionKey" is too short'],
  ['a short text in blanks', '  secret7  ', 'option "encryptionKey" is too short'],
  ['31 bytes', new Uint8Array(31), 'option "encryptionKey" is of 31 bytes'],
  ['no bytes', new Uint8Array(0), 'option "encryptionKey" is of 0 bytes'],
  ['other numbers', new Uint16Array(32), 'option "encryptionKey" is a value of type object'],
  ['an array', Array(32).fill(1), 'option "encryptionKey" is an array'],
  ['an empty object', {}, 'option "encryptionKey.current" is undefined'],
  ['no current key', { previous: [long] }, 'option "encryptionKey.current" is undefined'],
  [
    'a short previous key',
    { current: long, previous: [long, 'x'] },
    'option "encryptionKey.previous[1]" is too short',
  ],
  [
    'a previous key alone',
    { current: long, previous: long },
    'option "encryptionKey.previous" is a value of type string',
  ],
  ['a hole', { current: long, previous: Array(1) }, 'option "encryptionKey.previous[0]" is undefined'],
  [
    'a misspelt field',
    { current: long, previuos: [long] },
    'option "encryptionKey" is an object with other fields',
  ],
])('parseEncryptionKey() refuses %s, and shows none of it', (_, option, message) => {
  let error: unknown;
  try {
    parseEncryptionKey(option);
  } catch (thrown) {
    error = thrown;
  }
  if (!isInstantNodeError(error, 'invalid-config'))
    throw new Error('Expected invalid-config', { cause: error });
  expect(error.message.split(', expected ')[0]).toBe(`Cannot open a database: ${message}`);
  expect(`${error.message} ${error.hint}`).not.toMatch(/secret7|tr0ub4dor|12345678/);
});

test('parseEncryptionKey() copies the bytes, so that they can be wiped', async () => {
  const bytes = randomBytes(32);
  const keyring = parseEncryptionKey(bytes);
  const before = await keyring.makeKeys();
  bytes.fill(0);
  const after = await keyring.findKeys(before.salt, (keys) => keys.sign('a') === before.sign('a'));
  expect(after?.isCurrent).toBe(true);
});

test('the identity of a keyring is that of its current key', () => {
  const [bytes, salt] = [randomBytes(32), randomBytes(32)];
  const same = [bytes, Uint8Array.from(bytes), { current: bytes }, { current: bytes, previous: [long] }];
  expect(new Set(same.map((option) => parseEncryptionKey(option).fingerprint(salt))).size).toBe(1);
  const different = [bytes, randomBytes(32), long, `${long}!`, bytes.toString('latin1')];
  expect(new Set(different.map((option) => parseEncryptionKey(option).fingerprint(salt))).size).toBe(5);
  expect(parseEncryptionKey('Zoë is long').fingerprint(salt)).toBe(
    parseEncryptionKey('Zoe\u0308 is long').fingerprint(salt),
  );
});
