import type { Slice } from '../app/content-store.ts';

/** What a `Range` header asks for: all, a part, or what is not there. */
export type ByteRange = { readonly is: 'all' } | ({ readonly is: 'part' } & Slice) | { readonly is: 'none' };

const ALL: ByteRange = { is: 'all' };

/** Reads a `Range` header. Several ranges, other units and what is no range are answered with all, as HTTP allows. */
export function parseRange(header: string | null, size: number): ByteRange {
  const [matched, first = '', last = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '') ?? [];
  if (matched === undefined || (first === '' && last === '')) return ALL;
  if (first === '') return part(Math.max(0, size - Number(last)), size, size);
  if (last !== '' && Number(last) < Number(first)) return ALL;
  return part(Number(first), last === '' ? size : Math.min(size, Number(last) + 1), size);
}

function part(start: number, end: number, size: number): ByteRange {
  return start < size && start < end ? { is: 'part', start, end } : { is: 'none' };
}
