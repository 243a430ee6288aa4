import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { AuthApp } from '../auth-app.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts a secret that the app must present in plain text later, so that neither a snapshot nor an admin query
 * reveals it. The key derives from the app's admin token, and the ciphertext is bound to the entity it is stored with.
 */
export function seal(app: AuthApp, entityId: string, secret: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(app), nonce).setAAD(bytesOf(entityId));
  const sealed = [nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return sealed.map((part) => part.toString('hex')).join('');
}

/** Decrypts a secret; undefined unless this app sealed it for this entity. */
export function unseal(app: AuthApp, entityId: string, sealed: string): string | undefined {
  if (!/^(?:[0-9a-f]{2}){28,}$/.test(sealed)) return undefined;
  const bytes = Buffer.from(sealed, 'hex');
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(app), bytes.subarray(0, NONCE_BYTES))
    .setAAD(bytesOf(entityId))
    .setAuthTag(bytes.subarray(end));
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, end), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

function keyOf({ identity }: AuthApp): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', identity.adminToken, identity.id, 'oauth client secrets', 32));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
