import { Buffer } from 'node:buffer';

/** Whether a message has more than `maxBytes` bytes; text counts as UTF-8. */
export function isLarger(data: string | { readonly byteLength: number }, maxBytes: number): boolean {
  if (typeof data !== 'string') return data.byteLength > maxBytes;
  // A UTF-16 unit takes one to three bytes, so most texts need no exact count.
  return data.length > maxBytes || (data.length * 3 > maxBytes && Buffer.byteLength(data) > maxBytes);
}
