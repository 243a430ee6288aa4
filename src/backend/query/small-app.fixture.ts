import type { Attr, CheckedDataType, Triple } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { type AppData, createAppData } from '../store/app-data.ts';
import { objectTree, type QueryOutcome, runQuery } from './index.ts';

/** How a test declares a blob; a label of its own is enough for an untyped one. */
export interface BlobSpec {
  type?: CheckedDataType;
  indexed?: boolean;
  unique?: boolean;
}

/** How a test declares a link: from the namespace and label it is under, to the namespace and label at its far end. */
export interface LinkSpec {
  to: string;
  as: string;
  many?: boolean;
  unique?: boolean;
}

/** The blobs and links of a test's app, by `etype/label`. Every namespace also gets an `id`. */
export type AppSpec = Record<string, BlobSpec | LinkSpec>;

function uuid(serial: number): string {
  return `${serial.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

/** A small app for tests. Entities and attributes are addressed by name; ids ascend in order of creation. */
export class SmallApp {
  readonly data: AppData = createAppData();
  readonly #ids = new Map<string, string>();
  #serial = 0;

  constructor(spec: AppSpec) {
    const etypes = new Set(Object.keys(spec).map((name) => name.split('/')[0] as string));
    for (const value of Object.values(spec)) if ('to' in value) etypes.add(value.to);
    for (const etype of etypes) this.define(`${etype}/id`, { unique: true });
    for (const [name, value] of Object.entries(spec)) this.define(name, value);
  }

  get source(): { catalog: AppData['catalog']; reader: AppData['triples'] } {
    return { catalog: this.data.catalog, reader: this.data.triples };
  }

  define(name: string, spec: BlobSpec | LinkSpec): Attr {
    const [etype = '', label = ''] = name.split('/');
    const isLink = 'to' in spec;
    const attr: Attr = {
      id: this.id(`attr ${name}`),
      'value-type': isLink ? 'ref' : 'blob',
      cardinality: isLink && spec.many ? 'many' : 'one',
      'forward-identity': [this.id(`ident ${name}`), etype, label],
      'unique?': spec.unique ?? false,
      'index?': !isLink && (spec.indexed ?? false),
      catalog: 'user',
      ...(isLink && { 'reverse-identity': [this.id(`reverse ${name}`), spec.to, spec.as] }),
      ...(!isLink && spec.type && { 'checked-data-type': spec.type }),
    };
    this.data.catalog.put(attr);
    return attr;
  }

  /** The id that stands for a name; the same name always gives the same id. */
  id(name: string): string {
    const id = this.#ids.get(name) ?? uuid(++this.#serial);
    this.#ids.set(name, id);
    return id;
  }

  /** The id of an attribute, by `etype/label`. */
  attrId(name: string): string {
    const [etype = '', label = ''] = name.split('/');
    const attr = this.data.catalog.byForward(etype, label);
    if (!attr) throw new Error(`No attribute "${name}" in this test's app`);
    return attr.id;
  }

  /** Adds an entity, created at `t`. Links are given by the names of their targets. */
  add(etype: string, name: string, values: Record<string, JsonValue> = {}, t = 1): this {
    const e = this.id(name);
    this.load([e, this.attrId(`${etype}/id`), e, t]);
    for (const [label, value] of Object.entries(values)) this.set(etype, name, label, value, t);
    return this;
  }

  /** Stores values under one label, whether or not the entity has an id triple. */
  set(etype: string, name: string, label: string, value: JsonValue, t = 1): this {
    const attr = this.attrId(`${etype}/${label}`);
    const isLink = this.data.catalog.byId(attr)?.['value-type'] === 'ref';
    const targets = isLink
      ? (Array.isArray(value) ? value : [value]).map((target) => this.id(String(target)))
      : [value];
    for (const target of targets) this.load([this.id(name), attr, target, t]);
    return this;
  }

  load(triple: Triple): void {
    this.data.triples.load(triple);
  }

  /** Every triple of the app. */
  triples(): Triple[] {
    return this.data.catalog.list().flatMap((attr) => [...this.data.triples.attr(attr.id)]);
  }

  /** The name of an entity. */
  name(id: unknown): string {
    return [...this.#ids].find(([, known]) => known === id)?.[0] ?? String(id);
  }

  run(query: unknown, options: { admin: boolean } = { admin: true }): QueryOutcome {
    return runQuery(this.source, query, options);
  }

  /** The names of the entities that the top-level form `etype` finds, in order. */
  found(query: Record<string, unknown>): string[] {
    const [etype = ''] = Object.keys(query);
    return (
      objectTree(this.run(query), { inference: false })[etype]?.map((found) => this.name(found?.id)) ?? []
    );
  }
}
