import { createHash } from 'node:crypto';

// unstorage treats `/`, `\` and `:` alike and cuts a key off at `?`; drivers turn keys into file names, which may be
// case-insensitive or reserved, and are limited to 255 bytes. So a key becomes one segment of lower-case letters,
// digits, `-` and `_` that never begins like a reserved name and is never long.

const LONGEST = 100;
const PLAIN = 'k-';
const HASHED = 'h-';

/** Writes `key` as one segment of an unstorage key. Two different keys never collide, even if case is ignored. */
export function segmentOf(key: string): string {
  const plain = `${PLAIN}${key.replace(/[^a-z0-9-]/g, (unit) => `_${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
  if (plain.length <= LONGEST) return plain;
  return `${HASHED}${createHash('sha256').update(key).digest('hex')}`;
}

/** Whether the key cannot be recovered from its segment, because it was too long and was hashed. */
export function isHashed(segment: string): boolean {
  return segment.startsWith(HASHED);
}

/** The key that was written as `segment`; undefined when the segment is hashed, or not ours. */
export function keyOf(segment: string): string | undefined {
  if (!/^k-(?:[a-z0-9-]|_[0-9a-f]{4})*$/.test(segment)) return undefined;
  return segment
    .slice(PLAIN.length)
    .replace(/_([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
