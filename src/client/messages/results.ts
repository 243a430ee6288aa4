import { isObject } from '../../protocol/json.ts';
import { isKey } from './attrs.ts';

/** How deep the nodes of a result may nest. Servers send one node that holds everything; core descends by recursion. */
const MAX_NODES_DEEP = 100;

/** What part of a message cannot be used, as the end of a sentence; undefined when all of it can. */
export type Problem = string | undefined;

/**
 * Removes from a result tree, in place, what core cannot use. Returns what was wrong with it, or `false` when none of
 * it can be used.
 */
export function mendResult(nodes: unknown, isTriple: (triple: unknown) => boolean): Problem | false {
  let left = 0;
  const open: [nodes: unknown, depth: number][] = [[nodes, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [list, depth] = next;
    if (!Array.isArray(list) || depth > MAX_NODES_DEEP) return false;
    for (const node of list) {
      const datalog = isObject(node) && isObject(node.data) && node.data['datalog-result'];
      if (!isObject(datalog) || !Array.isArray(datalog['join-rows'])) return false;
      left += mendRows(datalog['join-rows'], isTriple);
      open.push([node['child-nodes'], depth + 1]);
    }
  }
  const extras = mendExtras((nodes as { data: Record<string, unknown> }[])[0]?.data ?? {});
  return left > 0 ? `${left} of "join-rows" cannot be used` : extras;
}

/** Removes from `rows` what is not a triple, and returns how many there were. */
export function mendRows(rows: unknown[], isTriple: (triple: unknown) => boolean): number {
  let left = 0;
  for (const [index, row] of rows.entries()) {
    const triples: unknown[] = Array.isArray(row) ? row : [undefined];
    if (triples.every(isTriple)) continue;
    const sound = triples.filter(isTriple);
    left += triples.length - sound.length;
    rows[index] = sound;
  }
  return left;
}

/** Mends cursors and counts, which come with the rows. */
function mendExtras(data: Record<string, unknown>): Problem {
  let problem: Problem;
  for (const [name, isSound] of Object.entries(EXTRAS)) {
    const extra = data[name];
    if (extra === undefined || extra === null) continue;
    if (isObject(extra) && Object.values(extra).every(isSound)) continue;
    delete data[name];
    problem = `"${name}" cannot be used`;
  }
  return problem;
}

const EXTRAS: Record<string, (value: unknown) => boolean> = { 'page-info': isPage, aggregate: isObject };

function isPage(page: unknown): boolean {
  return isObject(page) && isCursor(page['start-cursor']) && isCursor(page['end-cursor']);
}

function isCursor(cursor: unknown): boolean {
  if (cursor === undefined || cursor === null) return true;
  return Array.isArray(cursor) && isKey(cursor[0]) && isKey(cursor[1]);
}
