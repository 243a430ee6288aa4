import * as zlib from 'node:zlib';

/** CRC-32, as in gzip and PNG. */
export const crc32: (bytes: Uint8Array) => number =
  // Node has it natively since 20.15 and 22.2.
  'crc32' in zlib ? (bytes) => zlib.crc32(bytes) : crc32ByTable;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

/** The same in JavaScript. Exported for its test. */
export function crc32ByTable(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] as number);
  return (value ^ 0xffff_ffff) >>> 0;
}
