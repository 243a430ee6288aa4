import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { isUuid } from '../../protocol/uuid.ts';

/** The 128-bit key of a transaction's name, as four 32-bit words. */
export type LedgerKey = readonly [number, number, number, number];

/** Shorter names are typed by hand or counted: `"1"` may well name two different transactions. */
const MIN_LENGTH = 16;

/** The key of a client's name for a transaction; undefined when the name is not distinctive enough. */
export function ledgerKey(name: unknown): LedgerKey | undefined {
  if (typeof name !== 'string' || name.length < MIN_LENGTH) return undefined;
  const digits = isUuid(name)
    ? name.replaceAll('-', '')
    : createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex').slice(0, 32);
  const word = (at: number): number => Number.parseInt(digits.slice(at, at + 8), 16);
  return [word(0), word(8), word(16), word(24)];
}
