import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { StorageScope } from '../../drivers/contract.ts';
import { joinKey } from '../../drivers/storage/record-key.ts';
import type { StorageKeys } from './keyring.ts';
import type { RecordEnvelope } from './record-envelope.ts';

const TAG = 's1.';
const NONCE_BYTES = 12;
const AUTH_TAG_BYTES = 16;

/**
 * Readable and writable only with the key: `s1.` and, in base64url, a random nonce, the JSON under AES-256-GCM, and its
 * tag. App, instance and key (which holds the generation and the store) are authenticated with it.
 *
 * Uses node:crypto rather than WebCrypto because it is synchronous: records keep their order, and thousands a second do
 * not cost a promise each. A key made for one generation of one storage may seal 2^32 records with random nonces.
 */
export function sealedEnvelope({ appId, instanceKey }: StorageScope, keys: StorageKeys): RecordEnvelope {
  const scope = `${TAG}\n${joinKey(appId, instanceKey)}\n`;
  const bound = (key: string): Buffer => Buffer.from(`${scope}${key}`);
  return {
    isSealed: true,
    wrap(key, json) {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', keys.records, nonce);
      cipher.setAAD(bound(key));
      const sealed = [nonce, cipher.update(json, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return `${TAG}${Buffer.concat(sealed).toString('base64url')}`;
    },
    unwrap(key, text) {
      const bytes = bytesOf(text);
      if (!bytes || bytes.length < NONCE_BYTES + AUTH_TAG_BYTES) return undefined;
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', keys.records, nonce, {
        authTagLength: AUTH_TAG_BYTES,
      });
      decipher.setAAD(bound(key));
      decipher.setAuthTag(bytes.subarray(-AUTH_TAG_BYTES));
      const json = decipher.update(bytes.subarray(NONCE_BYTES, -AUTH_TAG_BYTES));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return json.toString('utf8');
    },
  };
}

/** Whether a text was written by a {@link sealedEnvelope}, whatever its key. */
export function isSealedText(text: string): boolean {
  return text.startsWith(TAG);
}

function bytesOf(text: string): Buffer | undefined {
  if (!isSealedText(text)) return undefined;
  const encoded = text.slice(TAG.length);
  const bytes = Buffer.from(encoded, 'base64url');
  // Decoding ignores characters that are not base64url, and spare bits at the end.
  return bytes.toString('base64url') === encoded ? bytes : undefined;
}

// Many at once: asking for random bytes costs more than sealing with them.
const pool = Buffer.alloc(NONCE_BYTES * 256);
let used = pool.length;

function nextNonce(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += NONCE_BYTES;
  return Buffer.from(pool.subarray(used - NONCE_BYTES, used));
}
