import { isObject } from '../../protocol/json.ts';
import { type Attr, isLink } from '../engine/store.ts';
import type { Mutation, TransactionStep } from '../transactions/transactions.ts';

/** Finds an attribute, the server's or one that a pending write adds; undefined for one that nobody knows. */
export type FindAttr = (id: string) => Attr | undefined;

/** By what a write can depend on others, as keys. */
export interface Reach {
  /** The entities that it changes or links to, the lookups that name them, and the attributes that it adds or changes. */
  readonly claims: ReadonlySet<string>;
  /** The attributes that it merely uses: it depends on who adds them, and others do not depend on it for that. */
  readonly uses: ReadonlySet<string>;
}

const ATTR_OPS: ReadonlySet<string> = new Set(['add-attr', 'update-attr', 'delete-attr']);

/** By what a write can depend on others, and others on it. */
export function reachOf(mutation: Mutation, attr: FindAttr): Reach {
  const claims = new Set<string>();
  const uses = new Set<string>();
  for (const [op, first, second, third] of mutation['tx-steps']) {
    if (ATTR_OPS.has(op)) claims.add(attrKey(isObject(first) ? first.id : first));
    else claims.add(entityKey(first));
    if (!op.endsWith('-triple')) continue;
    uses.add(attrKey(second));
    const used = typeof second === 'string' ? attr(second) : undefined;
    // What nobody knows may be a link.
    if (mayBeTarget(third) && (used === undefined || isLink(used))) claims.add(entityKey(third));
    // By its value, others may look the entity up.
    if (used?.['unique?'] && third !== first) claims.add(entityKey([second, third]));
  }
  return { claims, uses };
}

/** An entity is named by its id or by a lookup, which is a pair. */
function mayBeTarget(value: TransactionStep[number] | undefined): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.length === 2);
}

function entityKey(entity: unknown): string {
  return typeof entity === 'string' ? `entity ${entity}` : `lookup ${JSON.stringify(entity)}`;
}

function attrKey(attrId: unknown): string {
  return `attribute ${String(attrId)}`;
}
