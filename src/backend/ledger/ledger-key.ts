import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { isUuid } from '../../protocol/uuid.ts';

/** What stands for the name of a transaction: 128 bits, in words of 32. */
export type LedgerKey = readonly [number, number, number, number];

/** Shorter names are typed by hand, or counted: `"1"` may well be used twice for two different things. */
const MIN_LENGTH = 16;

/** The key of a client's name for a transaction; undefined where the name does not say which one it is. */
export function ledgerKey(name: unknown): LedgerKey | undefined {
  if (typeof name !== 'string' || name.length < MIN_LENGTH) return undefined;
  const digits = isUuid(name)
    ? name.replaceAll('-', '')
    : createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex').slice(0, 32);
  const word = (at: number): number => Number.parseInt(digits.slice(at, at + 8), 16);
  return [word(0), word(8), word(16), word(24)];
}
