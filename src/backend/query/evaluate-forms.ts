import type { Triple } from '../../protocol/attr.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { Reader } from '../store/reader.ts';
import { candidateEntities } from './candidate-entities.ts';
import { type FileUrl, fileUrlTriples } from './file-url.ts';
import type { ChildResult, EntityResult, EntityRow, FormResult } from './outcome.ts';
import { type Page, takePage } from './page.ts';
import type { Proof } from './proof.ts';
import type { Prover } from './prove-join.ts';
import { farEnd, stepTriples } from './prove-test.ts';
import { whereProver } from './prove-where.ts';
import type { ChildPlan, FormPlan, PagePlan, RootPlan } from './query-plan.ts';

/** The data that a query reads. */
export interface QuerySource {
  catalog: AttrCatalog;
  reader: Reader;
}

/** Reads the entities of one form; each is built once, however many times it is reached. */
class FormReader {
  readonly #reader: Reader;
  readonly #plan: FormPlan;
  readonly #synthesised: (plan: FormPlan, e: string) => Triple[];
  readonly #prove: Prover<string> | undefined;
  readonly #made = new Map<string, EntityResult | undefined>();
  readonly #children: readonly { plan: ChildPlan; reader: FormReader | undefined }[];

  constructor(reader: Reader, plan: FormPlan, synthesised: (plan: FormPlan, e: string) => Triple[]) {
    this.#reader = reader;
    this.#plan = plan;
    this.#synthesised = synthesised;
    this.#prove = plan.where && whereProver(reader, plan.where);
    this.#children = plan.children.map((child) => ({
      plan: child,
      reader: child.plan && new FormReader(reader, child.plan, synthesised),
    }));
  }

  /** Every entity that a top-level form matches, with the proof. */
  matches(): Map<string, Proof> {
    const found = new Map<string, Proof>();
    const { where, idAttr } = this.#plan;
    if (where) {
      for (const e of candidateEntities(this.#reader, where)) {
        const proof = this.#prove?.(e);
        if (proof) found.set(e, proof);
      }
    } else if (idAttr !== undefined) {
      for (const triple of this.#reader.attr(idAttr)) found.set(triple[0], scanned(triple));
    }
    return found;
  }

  /** The entity, if the form matches it; pass `proof` if it was found already. */
  entity(e: string, proof?: Proof): EntityResult | undefined {
    const made = this.#made.get(e);
    if (made || this.#made.has(e)) return made;
    const why = proof ?? this.#prove?.(e);
    const result = this.#prove && !why ? undefined : this.#make(e, why);
    this.#made.set(e, result);
    return result;
  }

  #make(e: string, proof: Proof | undefined): EntityResult {
    const values = this.#plan.attrs.flatMap((attr) => this.#reader.entityAttr(e, attr.id));
    values.push(...this.#synthesised(this.#plan, e));
    const children = this.#children.map(
      ({ plan, reader }): ChildResult => ({ plan, linked: this.#linked(e, plan, reader) }),
    );
    return { e, proof, values, children };
  }

  #linked(e: string, { link, plan }: ChildPlan, reader: FormReader | undefined): ChildResult['linked'] {
    if (!link || !reader || plan?.options.aggregate) return [];
    const step = { attr: link.attr.id, forward: link.forward };
    return stepTriples(this.#reader, step, e).flatMap((triple) => {
      const to = farEnd(step, triple);
      const entity = typeof to === 'string' ? reader.entity(to) : undefined;
      return entity ? [{ link: triple, entity }] : [];
    });
  }
}

function evaluateRoot(
  source: QuerySource,
  { key, aggregate, plan }: RootPlan,
  synthesised: (plan: FormPlan, e: string) => Triple[],
): FormResult {
  if (!plan) return { key, kind: 'unknown' };
  const reader = new FormReader(source.reader, plan, synthesised);
  if (aggregate) return { key, kind: 'count', plan, count: countMatches(source, plan, reader) };
  if (plan.page) return { key, kind: 'page', plan, page: evaluatePage(source, plan.page, plan, reader) };
  const entities = [...reader.matches()].flatMap(([e, proof]) => listOf(reader.entity(e, proof)));
  return { key, kind: 'entities', plan, entities };
}

/** How many entities the form matches; for a page, how many it shows. */
function countMatches({ reader }: QuerySource, plan: FormPlan, form: FormReader): number {
  const { page, where, idAttr } = plan;
  if (!page) return form.matches().size;
  return takePage(reader, page, idAttr, where && form.matches().keys()).rows.length;
}

/** A page without conditions is cut out of the namespace's order before anything else is read. */
function evaluatePage(
  source: QuerySource,
  page: PagePlan,
  plan: FormPlan,
  form: FormReader,
): Page<EntityRow> {
  const { reader } = source;
  const matches = plan.where && form.matches();
  const taken = takePage(reader, page, plan.idAttr, matches?.keys());
  const proofOf = (e: string): Proof | undefined => {
    const [triple] = plan.idAttr === undefined ? [] : reader.entityAttr(e, plan.idAttr);
    return matches ? matches.get(e) : triple && scanned(triple);
  };
  const rows = taken.rows.flatMap((row) =>
    listOf(form.entity(row.e, proofOf(row.e))).map((entity) => ({ ...row, entity })),
  );
  return { ...taken, rows };
}

function scanned(idTriple: Triple): Proof {
  return { kind: 'row', triples: [idTriple] };
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** Answers the forms of a planned query. */
export function evaluateForms(
  source: QuerySource,
  plans: readonly RootPlan[],
  fileUrl?: FileUrl,
): FormResult[] {
  const synthesised = fileUrl ? fileUrlTriples(source, fileUrl) : () => [];
  return plans.map((plan) => evaluateRoot(source, plan, synthesised));
}
