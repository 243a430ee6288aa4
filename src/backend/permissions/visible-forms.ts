import type { Triple } from '../../protocol/attr.ts';
import { type ChildResult, type EntityResult, type FormResult, proofPruner } from '../query/index.ts';
import type { Viewer } from './viewer.ts';

/**
 * Reduces the answer to a query to what is visible. A row that contains a hidden triple is dropped with everything
 * below it; a visible entity loses its hidden values.
 */
export function visibleForms(forms: readonly FormResult[], viewer: Viewer): FormResult[] {
  const filter = new EntityFilter(viewer);
  return forms.map((form): FormResult => {
    if (form.kind === 'entities') {
      return {
        ...form,
        entities: form.entities.flatMap((entity) => filter.visible(form.plan.etype, entity)),
      };
    }
    if (form.kind !== 'page') return form;
    const rows = form.page.rows.flatMap((row) => {
      if (row.triple && !viewer.canSee(row.triple)) return [];
      return filter.visible(form.plan.etype, row.entity).map((entity) => ({ ...row, entity }));
    });
    return { ...form, page: { ...form.page, rows } };
  });
}

class EntityFilter {
  readonly #viewer: Viewer;
  readonly #canSee = (triple: Triple): boolean => this.#viewer.canSee(triple);
  readonly #prune = proofPruner(this.#canSee);
  // An entity reached in several ways is a single object, and must stay one.
  readonly #filtered = new Map<EntityResult, readonly EntityResult[]>();

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
  }

  /** The visible part of the entity, if any. */
  visible(etype: string, entity: EntityResult): readonly EntityResult[] {
    const known = this.#filtered.get(entity);
    if (known) return known;
    const filtered = this.#filter(etype, entity);
    this.#filtered.set(entity, filtered);
    return filtered;
  }

  #filter(etype: string, entity: EntityResult): readonly EntityResult[] {
    // A link can point to an entity that does not exist (any more), which leaves rules nothing to evaluate.
    if (entity.values.length === 0) return [];
    if (!this.#viewer.canView(etype, entity.e)) return [];
    const proof = entity.proof && this.#prune(entity.proof);
    if (entity.proof && !proof) return [];
    const values = entity.values.filter(this.#canSee);
    const children = entity.children.map((child) => this.#children(child, values));
    return [{ ...entity, proof, values, children }];
  }

  /**
   * The visible linked entities. A link to a hidden entity remains a value of its holder, unless it is only there for a
   * condition on the hidden entity.
   */
  #children(child: ChildResult, values: Triple[]): ChildResult {
    const { plan, linked } = child;
    const etype = plan.plan?.etype ?? '';
    const visible = linked.flatMap(({ link, entity }) => {
      if (!this.#viewer.canSee(link)) return [];
      const [seen] = this.visible(etype, entity);
      if (seen) return [{ link, entity: seen }];
      const isOwn = plan.link?.forward && !entity.proof;
      if (isOwn && !values.includes(link)) values.push(link);
      return [];
    });
    return { plan, linked: visible };
  }
}
