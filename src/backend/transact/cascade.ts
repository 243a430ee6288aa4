import { etypeOf } from '../../protocol/attr.ts';
import type { AppData } from '../store/app-data.ts';

/** An entity to delete, in one of its namespaces. */
export interface Deletion {
  e: string;
  etype: string;
}

/** An entity that is deleted because another one is. */
export interface CascadedDeletion extends Deletion {
  /** The entity whose deletion was requested. */
  root: string;
}

/**
 * What must be deleted along with `roots`: owners of links to them with `on-delete` cascade, targets of their links
 * with `on-delete-reverse` cascade, and so on from those. Every entity occurs once; the roots are not included.
 */
export function cascade(data: AppData, roots: readonly Deletion[]): CascadedDeletion[] {
  const links = new CascadingLinks(data);
  const seen = new Set(roots.map(key));
  const found: CascadedDeletion[] = [];
  const queue: CascadedDeletion[] = roots.map((deletion) => ({ ...deletion, root: deletion.e }));
  for (const parent of queue) {
    for (const child of links.childrenOf(parent)) {
      if (seen.has(key(child))) continue;
      seen.add(key(child));
      const deletion = { ...child, root: parent.root };
      found.push(deletion);
      queue.push(deletion);
    }
  }
  return found;
}

function key({ e, etype }: Deletion): string {
  return `${e}${etype}`;
}

class CascadingLinks {
  readonly #data: AppData;
  /** By namespace: links into it whose owners are deleted along with an entity there. */
  readonly #owners = new Map<string, { a: string; etype: string }[]>();
  /** By namespace: links out of it whose targets are deleted along with an entity there. */
  readonly #targets = new Map<string, { a: string; etype: string }[]>();

  constructor(data: AppData) {
    this.#data = data;
    for (const attr of data.catalog.list()) {
      const reverse = attr['reverse-identity'];
      if (attr['value-type'] !== 'ref' || !reverse) continue;
      const [etype, target] = [etypeOf(attr), reverse[1]];
      if (attr['on-delete']) push(this.#owners, target, { a: attr.id, etype });
      if (attr['on-delete-reverse']) push(this.#targets, etype, { a: attr.id, etype: target });
    }
  }

  *childrenOf({ e, etype }: Deletion): Iterable<Deletion> {
    const { triples } = this.#data;
    for (const link of this.#owners.get(etype) ?? []) {
      for (const [owner] of triples.attrValue(link.a, e)) yield { e: owner, etype: link.etype };
    }
    for (const link of this.#targets.get(etype) ?? []) {
      for (const [, , target] of triples.entityAttr(e, link.a)) {
        if (typeof target === 'string') yield { e: target, etype: link.etype };
      }
    }
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
