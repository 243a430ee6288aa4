import { createHash } from 'node:crypto';

// unstorage takes `/`, `\` and `:` for one another and cuts a key at `?`; drivers make file names of keys, where `A` may
// be `a`, some names are reserved, and 255 bytes are the end. So a key becomes one segment of lower-case letters,
// digits, `-` and `_` that never begins as a reserved name does and is never long.

const LONGEST = 100;
const PLAIN = 'k-';
const HASHED = 'h-';

/** Writes `key` as one segment of a key of unstorage's. Two different keys never meet, not even in upper and lower case. */
export function segmentOf(key: string): string {
  const plain = `${PLAIN}${key.replace(/[^a-z0-9-]/g, (unit) => `_${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
  if (plain.length <= LONGEST) return plain;
  return `${HASHED}${createHash('sha256').update(key).digest('hex')}`;
}

/** Whether a key cannot be had back from its segment, which is then too long to be written out. */
export function isHashed(segment: string): boolean {
  return segment.startsWith(HASHED);
}

/** The key that was written as `segment`; undefined when that is hashed, or nothing of ours. */
export function keyOf(segment: string): string | undefined {
  if (!/^k-(?:[a-z0-9-]|_[0-9a-f]{4})*$/.test(segment)) return undefined;
  return segment
    .slice(PLAIN.length)
    .replace(/_([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
