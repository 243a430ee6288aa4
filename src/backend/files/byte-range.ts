import type { Slice } from '../app/content-store.ts';

/** The result of a `Range` header: the whole file, a part, or an unsatisfiable range. */
export type ByteRange = { readonly is: 'all' } | ({ readonly is: 'part' } & Slice) | { readonly is: 'none' };

const ALL: ByteRange = { is: 'all' };

/** Parses a `Range` header. Multiple ranges, other units and malformed headers get the whole file, as HTTP allows. */
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
