import { labelOf } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { comparePlaces, type SortKey, sortKey } from '../store/value-order.ts';
import { type ChildResult, type EntityResult, entitiesOf, type QueryOutcome, setOwn } from './outcome.ts';
import type { ChildPlan, FormPlan } from './query-plan.ts';
import { assertTreeSize } from './tree-size.ts';

/** An entity as an object: its values by label, and the results of child forms under their labels. */
export interface TreeObject {
  [label: string]: JsonValue | TreeObject | TreeList | undefined;
}

/** Null stands for a link target about which nothing is stored. */
type TreeList = (TreeObject | null)[];

/** The answer to a query in the form of the admin API. */
export type ObjectTree = Record<string, TreeList>;

class TreeBuilder {
  readonly #catalog: AttrCatalog;
  readonly #inference: boolean;
  // An entity reached in several ways becomes one object, so that a tree takes no more memory than the answer.
  readonly #objects = new Map<EntityResult, TreeObject>();

  constructor(catalog: AttrCatalog, inference: boolean) {
    this.#catalog = catalog;
    this.#inference = inference;
  }

  /** The entities in their given order: a page is already sorted. */
  page(entities: readonly EntityResult[]): TreeList {
    return entities.map((entity) => this.#object(entity));
  }

  sorted(plan: FormPlan, entities: readonly EntityResult[]): TreeList {
    const { label, direction } = plan.options.order ?? { label: 'serverCreatedAt', direction: 'asc' };
    const sign = direction === 'desc' ? -1 : 1;
    return entities
      .map((entity) => ({ entity, e: entity.e, key: this.#sortKey(plan, entity, label) }))
      .sort((a, b) => sign * comparePlaces(a, b))
      .map(({ entity }) => this.#object(entity));
  }

  /** Only values that the query returns can be sorted by; any other counts as null. */
  #sortKey(plan: FormPlan, entity: EntityResult, label: string): SortKey {
    if (label === 'serverCreatedAt') {
      return entity.values.find(([, a]) => a === plan.idAttr)?.[3] ?? null;
    }
    const attr = this.#catalog.byForward(plan.etype, label);
    const triple = attr && entity.values.find(([, a]) => a === attr.id);
    return sortKey(triple?.[2], attr?.['checked-data-type']);
  }

  #object(entity: EntityResult): TreeObject | null {
    if (entity.values.length === 0 && entity.children.length === 0) return null;
    const made = this.#objects.get(entity);
    if (made) return made;
    const object: TreeObject = {};
    this.#objects.set(entity, object);
    for (const [, a, v] of entity.values) {
      const attr = this.#catalog.byId(a);
      if (attr) setOwn(object, labelOf(attr), v);
    }
    for (const child of entity.children) setOwn(object, child.plan.label, this.#child(child));
    return object;
  }

  #child({ plan, linked }: ChildResult): TreeObject | TreeList | null {
    const list = plan.plan
      ? this.sorted(
          plan.plan,
          linked.map(({ entity }) => entity),
        )
      : [];
    return this.#inference && isSingular(plan) ? (list[0] ?? null) : list;
  }
}

function isSingular({ link }: ChildPlan): boolean {
  if (!link) return false;
  return link.forward ? link.attr.cardinality === 'one' : Boolean(link.attr['unique?']);
}

/**
 * Builds the object tree of an outcome. With `inference`, a link that can have only one target is an object or null
 * instead of an array.
 *
 * @throws {ServerError} `operation-timed-out` when it would be too large to send.
 */
export function objectTree(outcome: QueryOutcome, options: { inference: boolean }): ObjectTree {
  assertTreeSize(outcome);
  const builder = new TreeBuilder(outcome.catalog, options.inference);
  const tree: ObjectTree = {};
  for (const form of outcome.forms) {
    const entities = entitiesOf(form);
    const list = form.kind === 'entities' ? builder.sorted(form.plan, entities) : builder.page(entities);
    setOwn(tree, form.key, list);
  }
  return tree;
}
