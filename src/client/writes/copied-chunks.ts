import { getOps } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';

/** A change as core keeps it. */
export interface Chunk {
  __ops: unknown[];
}

/** Copies changes as deep as core does: the caller may go on using the objects. */
export function copiedChunks(chunks: unknown): Chunk[] {
  const list: unknown[] = Array.isArray(chunks) ? chunks : [chunks];
  return list.map((chunk) => ({
    __ops: getOps(chunk as never).map((op) => (op as unknown[]).map(copied)),
  }));
}

function copied(part: unknown): unknown {
  if (Array.isArray(part)) return [...part];
  if (!isObject(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  );
}
