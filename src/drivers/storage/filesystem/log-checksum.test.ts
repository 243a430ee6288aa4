import { expect, test } from 'vitest';
import { crc32, crc32ByTable } from './log-checksum.ts';

test('crc32() is the one of gzip, with and without help of the runtime', () => {
  for (const sum of [crc32, crc32ByTable]) {
    expect(sum(Buffer.from(''))).toBe(0);
    expect(sum(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(sum(Buffer.from('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339);
  }
  const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 256));
  expect(crc32ByTable(bytes)).toBe(crc32(bytes));
});
