import { createHash, timingSafeEqual } from 'node:crypto';

/** The SHA-256 of a text, in hexadecimal. */
export function hashText(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The SHA-256 of a UUID's 16 bytes, in hexadecimal, which is how an Instant server stores tokens. */
export function hashUuid(uuid: string): string {
  return createHash('sha256').update(uuid.replaceAll('-', ''), 'hex').digest('hex');
}

/** Whether two secrets are equal; its timing does not reveal where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
