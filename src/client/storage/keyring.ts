import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes, scrypt } from 'node:crypto';

/** A secret that the user gave: bytes that are a key, or a text to derive one from. */
export type KeySecret =
  | { readonly is: 'bytes'; readonly bytes: Uint8Array }
  | { readonly is: 'passphrase'; readonly text: string };

/** The keys of one generation of one storage. */
export interface StorageKeys {
  /** What they were made with, in base64url. Random, and not secret. */
  readonly salt: string;
  /** Seals the records. */
  readonly records: KeyObject;
  /** A signature of `text`, which cannot be made without the key. */
  sign(text: string): string;
}

/** The key that fits, out of those given. */
export interface FoundKeys {
  readonly keys: StorageKeys;
  /** Whether it is the current one. */
  readonly isCurrent: boolean;
}

/**
 * The keys that a user gave: one to seal with, and earlier ones that records may still be sealed with. Shows none of
 * them, however it is printed.
 */
export class Keyring {
  readonly #current: KeySecret;
  readonly #previous: readonly KeySecret[];

  constructor(current: KeySecret, previous: readonly KeySecret[] = []) {
    this.#current = current;
    this.#previous = previous;
  }

  /**
   * The same text for two keyrings with the same current key, and a different one with another salt: without the salt,
   * nobody who sees the text can guess a passphrase by it.
   */
  fingerprint(salt: Uint8Array): string {
    const { is } = this.#current;
    const secret = is === 'bytes' ? this.#current.bytes : this.#current.text.normalize('NFC');
    return createHmac('sha256', salt).update(is).update(secret).digest('base64url');
  }

  /** Keys for a new generation, from the current key and a salt of their own. */
  makeKeys(): Promise<StorageKeys> {
    return storageKeys(this.#current, randomBytes(SALT_BYTES).toString('base64url'));
  }

  /** The keys for `salt` that `fits` accepts, the current one tried first. */
  async findKeys(salt: string, fits: (keys: StorageKeys) => boolean): Promise<FoundKeys | undefined> {
    for (const secret of [this.#current, ...this.#previous]) {
      const keys = await storageKeys(secret, salt);
      if (fits(keys)) return { keys, isCurrent: secret === this.#current };
    }
    return undefined;
  }
}

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** 32 MiB and about a tenth of a second for each guess. A part of format 2: other numbers make other keys. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 };

async function storageKeys(secret: KeySecret, salt: string): Promise<StorageKeys> {
  const saltBytes = Buffer.from(salt, 'base64url');
  const material = secret.is === 'bytes' ? secret.bytes : await stretch(secret.text, saltBytes);
  const derive = (purpose: string): KeyObject => {
    const info = `instant-node storage 2 ${purpose}`;
    return createSecretKey(Buffer.from(hkdfSync('sha256', material, saltBytes, info, KEY_BYTES)));
  };
  const header = derive('header');
  return {
    salt,
    records: derive('records'),
    sign: (text) => createHmac('sha256', header).update(text).digest('base64url'),
  };
}

function stretch(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // One text can be written with different characters that look the same.
    scrypt(passphrase.normalize('NFC'), salt, KEY_BYTES, SCRYPT, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
