import type { Attr, Ident } from '../../../protocol/attr.ts';
import type { AttrCatalog } from '../../store/attr-catalog.ts';

type Flags = Partial<Pick<Attr, 'unique?' | 'index?' | 'cardinality'>>;

/** The attributes of an app, together with those to be added because steps mention ones that do not exist yet. */
export class AttrDrafts {
  readonly #catalog: AttrCatalog;
  readonly #newId: () => string;
  readonly #added: Attr[] = [];
  readonly #forward = new Map<string, Attr>();
  readonly #reverse = new Map<string, Attr>();

  constructor(catalog: AttrCatalog, newId: () => string) {
    this.#catalog = catalog;
    this.#newId = newId;
  }

  /** The attributes that the steps add. */
  get added(): readonly Attr[] {
    return this.#added;
  }

  /** The attribute with this namespace and label. */
  forward(etype: string, label: string): Attr | undefined {
    return this.#catalog.byForward(etype, label) ?? this.#forward.get(nameKey(etype, label));
  }

  /** The link that `etype` sees under `label` in reverse. */
  reverse(etype: string, label: string): Attr | undefined {
    return this.#catalog.byReverse(etype, label) ?? this.#reverse.get(nameKey(etype, label));
  }

  /** Adds an attribute for values. */
  addBlob(etype: string, label: string, flags: Flags = {}): void {
    this.#add({
      id: this.#newId(),
      'forward-identity': [this.#newId(), etype, label],
      'value-type': 'blob',
      cardinality: 'one',
      'unique?': false,
      'index?': false,
      catalog: 'user',
      ...flags,
    });
  }

  /** Adds a link; its label is also the namespace it points to. */
  addRef(etype: string, label: string, flags: Flags = {}): void {
    const reverse: Ident = [this.#newId(), label, etype];
    const attr: Attr = {
      id: this.#newId(),
      'forward-identity': [this.#newId(), etype, label],
      'reverse-identity': reverse,
      'value-type': 'ref',
      cardinality: 'many',
      'unique?': false,
      'index?': false,
      catalog: 'user',
      ...flags,
    };
    this.#add(attr);
    this.#reverse.set(nameKey(reverse[1], reverse[2]), attr);
  }

  #add(attr: Attr): void {
    const [, etype, label] = attr['forward-identity'];
    this.#added.push(attr);
    this.#forward.set(nameKey(etype, label), attr);
  }
}

function nameKey(etype: string, label: string): string {
  return `${etype}\u0000${label}`;
}
