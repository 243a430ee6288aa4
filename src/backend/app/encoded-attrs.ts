import type { Attr } from '../../protocol/attr.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { Change } from '../store/undo-log.ts';

/** How far a transaction changed the attributes. Everything is of substance except the types of the values seen. */
export type AttrsChange = 'none' | 'what was seen' | 'of substance';

/** The attributes of an app as JSON text, encoded once per change. */
export class EncodedAttrs {
  readonly #catalog: AttrCatalog;
  #revision = 1;
  #encoded: { readonly revision: number; readonly text: string } | undefined;

  constructor(catalog: AttrCatalog) {
    this.#catalog = catalog;
  }

  /** Equal revisions mean equal lists. */
  get revision(): number {
    return this.#revision;
  }

  get text(): string {
    if (this.#encoded?.revision !== this.#revision) {
      this.#encoded = { revision: this.#revision, text: JSON.stringify(this.#catalog.list()) };
    }
    return this.#encoded.text;
  }

  /** Takes note of what a transaction changed; returns what that means for the attributes. */
  committed(changes: readonly Change[]): AttrsChange {
    const ofAttrs = changes.filter((change) => change.kind === 'attr');
    if (ofAttrs.length === 0) return 'none';
    this.#revision++;
    return ofAttrs.some(isOfSubstance) ? 'of substance' : 'what was seen';
  }
}

/** Whether a change of an attribute can change the meaning of a result. */
function isOfSubstance(change: Extract<Change, { kind: 'attr' }>): boolean {
  return definitionOf(change.before) !== definitionOf(change.after);
}

function definitionOf(attr: Attr | undefined): string {
  return canonicalJson({ ...attr, 'inferred-types': null });
}
