import { types } from 'node:util';
import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { Keyring, type KeySecret } from './keyring.ts';

/** A key to seal a storage with: 32 bytes, or a passphrase of at least {@link MIN_PASSPHRASE} characters. */
export type EncryptionKey = string | Uint8Array;

/**
 * What option `encryptionKey` takes.
 *
 * Bytes are the better key and cost nothing at start: `randomBytes(32)`, kept as a secret, or
 * `Buffer.from(process.env.KEY, 'base64')`. A passphrase is stretched by scrypt, which takes about a tenth of a second
 * for each storage that is opened.
 *
 * To change the key, give the new one as `current` and the old one in `previous`: everything is sealed again when the
 * storage is opened, after which the old one can be left out.
 */
export type EncryptionKeyOption =
  | EncryptionKey
  | { readonly current: EncryptionKey; readonly previous?: readonly EncryptionKey[] };

const KEY_BYTES = 32;
/**
 * Shorter passphrases can be guessed however they are stretched. Use 16 characters at least; a generated one is best.
 */
const MIN_PASSPHRASE = 8;

const wanted = `${KEY_BYTES} bytes, a passphrase of at least ${MIN_PASSPHRASE} characters, or { current, previous: [...] } of such keys`;
const hint =
  'Make one with "openssl rand -base64 32" and keep it as a secret; what is sealed cannot be read without it';

/** Parses option `encryptionKey`. Throws `invalid-config`, which never shows any of the key. */
export function parseEncryptionKey(option: unknown): Keyring {
  if (!isObject(option) || ArrayBuffer.isView(option)) return new Keyring(secretOf(option, 'encryptionKey'));
  const unknown = Object.keys(option).filter((name) => name !== 'current' && name !== 'previous');
  if (unknown.length > 0) throw refused('encryptionKey', 'an object with other fields', wanted);
  const { previous = [] } = option;
  if (!Array.isArray(previous)) throw refused('encryptionKey.previous', kindOf(previous), 'an array of keys');
  return new Keyring(
    secretOf(option.current, 'encryptionKey.current'),
    Array.from(previous, (key: unknown, index) => secretOf(key, `encryptionKey.previous[${index}]`)),
  );
}

function secretOf(value: unknown, name: string): KeySecret {
  if (types.isUint8Array(value)) {
    if (value.length !== KEY_BYTES) throw refused(name, `of ${value.length} bytes`, wanted);
    // A copy, so that the caller can wipe the bytes.
    return { is: 'bytes', bytes: Uint8Array.from(value) };
  }
  if (typeof value !== 'string') throw refused(name, kindOf(value), wanted);
  const length = [...value.trim()].length;
  if (length === 0) throw refused(name, 'empty', wanted);
  if (length < MIN_PASSPHRASE) throw refused(name, 'too short', wanted);
  return { is: 'passphrase', text: value };
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

function refused(name: string, got: string, expected: string): InstantNodeError {
  return new InstantNodeError(
    'invalid-config',
    `Cannot open a database: option "${name}" is ${got}, expected ${expected}`,
    { hint },
  );
}
