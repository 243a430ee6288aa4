import type { Mutation, TransactionStep } from '../transactions/transactions.ts';
import { type Attr, type AttrsStore, isLink } from './store.ts';

/** What replaces an attribute in a step when a pending write has added that attribute under another id. */
interface Replacement {
  id: string;
  attr: Attr;
  /** Whether the server has the link the other way round. */
  isReversed: boolean;
}

/**
 * Pending writes with the server's attributes in place of those that they add and the server already has; the map
 * itself when nothing changes. A write made before the attributes were known adds every attribute that it names. With
 * `processedTxId`, attributes of writes that the server has processed are not added again either.
 *
 * Core looks up every part of a step in a plain object, values too: the text `constructor` would become a function.
 */
export function rewriteWrites(
  attrs: AttrsStore,
  writes: ReadonlyMap<string, Mutation>,
  processedTxId?: number,
): ReadonlyMap<string, Mutation> {
  const rewriting = new WritesRewriting(attrs, processedTxId);
  const rewritten = new Map<string, Mutation>();
  for (const [eventId, mutation] of writes) rewritten.set(eventId, rewriting.rewritten(mutation));
  return rewriting.hasChanged ? rewritten : writes;
}

/** What {@link rewriteWrites} does, write by write. They are given in order: later ones may need what earlier ones add. */
export class WritesRewriting {
  hasChanged = false;
  readonly #attrs: AttrsStore;
  readonly #processedTxId: number;
  readonly #replacements: Map<unknown, Replacement> = new Map();
  /** Attributes that writes add and the server does not have. */
  readonly #added: Map<unknown, Attr> = new Map();

  constructor(attrs: AttrsStore, processedTxId?: number) {
    this.#attrs = attrs;
    this.#processedTxId = processedTxId ?? 0;
  }

  /** The rewritten write, or the write itself when nothing changes. */
  rewritten(mutation: Mutation): Mutation {
    const before = mutation['tx-steps'];
    const steps = before.flatMap((step) => this.#rewrite(step, mutation['tx-id']));
    const isSame = steps.length === before.length && steps.every((step, index) => step === before[index]);
    return isSame ? mutation : { ...mutation, 'tx-steps': steps };
  }

  /** The rewritten step, or none. */
  #rewrite(step: TransactionStep, txId: number | undefined): TransactionStep[] {
    const isOver = step[0] === 'add-attr' ? this.#isKnown(step[1], txId) : CHANGES.has(step[0]);
    if (isOver) this.hasChanged = true;
    else if (step[0] === 'add-attr' || this.#replacements.size === 0) return [step];
    return isOver ? [] : [this.#withServersAttrs(step)];
  }

  #isKnown(added: unknown, txId: number | undefined): boolean {
    const attr = added as Attr;
    const replacement = this.#replacementOf(attr);
    if (replacement) this.#replacements.set(attr.id, replacement);
    else this.#added.set(attr.id, attr);
    return replacement !== undefined || (txId !== undefined && this.#processedTxId >= txId);
  }

  #replacementOf(attr: Attr): Replacement | undefined {
    const [, etype, label] = attr['forward-identity'];
    const same = this.#attrs.forwardIdents.get(etype)?.get(label);
    if (same && same.id !== attr.id) return { id: same.id, attr: same, isReversed: false };
    const reversed = isLink(attr) ? this.#attrs.revIdents.get(etype)?.get(label) : undefined;
    return reversed && { id: reversed.id, attr: reversed, isReversed: true };
  }

  #withServersAttrs(step: TransactionStep): TransactionStep {
    const [op, entity, third, value, ...rest] = step;
    if (!TRIPLES.has(op)) return [op, this.#idOrLookup(entity), ...step.slice(2)] as TransactionStep;
    const replacement = this.#replacements.get(third);
    const from = this.#idOrLookup(entity);
    const to = this.#mayBeLookup(third) ? this.#idOrLookup(value) : value;
    const isReversed = replacement?.isReversed && op !== 'deep-merge-triple';
    const ends = isReversed ? [to, from] : [from, to];
    return [op, ends[0], replacement?.id ?? third, ends[1], ...rest] as TransactionStep;
  }

  /** Values of links are entities, and so is the value of `id`; other values are never lookups. */
  #mayBeLookup(attrId: unknown): boolean {
    const attr =
      this.#replacements.get(attrId)?.attr ??
      this.#added.get(attrId) ??
      this.#attrs.getAttr(attrId as string);
    return !attr || isLink(attr) || attr['forward-identity'][2] === 'id';
  }

  #idOrLookup(given: unknown): unknown {
    const isLookup = Array.isArray(given) && given.length === 2;
    const attrId = isLookup ? given[0] : given;
    const id = this.#replacements.get(attrId)?.id;
    if (id === undefined) return given;
    return isLookup ? [id, given[1]] : id;
  }
}

const TRIPLES: ReadonlySet<string> = new Set(['add-triple', 'retract-triple', 'deep-merge-triple']);

/** Steps that are dropped: the server's attributes are newer. */
const CHANGES: ReadonlySet<string> = new Set(['update-attr', 'delete-attr']);
