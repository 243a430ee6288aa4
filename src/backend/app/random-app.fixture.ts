import type { Attr } from '../../protocol/attr.ts';
import { etypeOf, labelOf } from '../../protocol/attr.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';

/** Draws a number from 0 to below 1. */
export type Draw = () => number;

export function pick<T>(draw: Draw, list: readonly T[]): T {
  return list[Math.floor(draw() * list.length)] as T;
}

function times<T>(n: number, make: (at: number) => T): T[] {
  return Array.from({ length: n }, (_, at) => make(at));
}

const TYPES = ['string', 'number', 'boolean', 'json'] as const;
type Type = (typeof TYPES)[number];

/** The namespace that every app has, for an entity that is written last of all. */
export const MARKERS = 'markers';

interface Blob {
  readonly label: string;
  readonly type: Type;
  readonly indexed: boolean;
  readonly unique: boolean;
}

/** As on other servers, a namespace is not created unless it defines an attribute. */
const MARKER_BLOB: Blob = { label: 'note', type: 'string', indexed: false, unique: false };

interface Link {
  readonly label: string;
  readonly from: string;
  readonly to: string;
  readonly reverse: string;
}

/** A randomly drawn schema, with what is needed to address its entities. */
export interface RandomSchema {
  /** In the form that `i.schema` yields. */
  readonly json: JsonObject;
  readonly etypes: readonly string[];
  readonly blobs: ReadonlyMap<string, readonly Blob[]>;
  readonly links: readonly Link[];
}

/** Two to four namespaces, each with `rank`, an indexed number, and a few more; and links between any of them. */
export function randomSchema(draw: Draw): RandomSchema {
  const etypes = times(2 + Math.floor(draw() * 3), (n) => `etype${n}`);
  const blobs = new Map(etypes.map((etype) => [etype, randomBlobs(draw)]));
  const links = times(1 + Math.floor(draw() * 3), (n) => ({
    label: `link${n}`,
    from: pick(draw, etypes),
    to: pick(draw, etypes),
    reverse: `back${n}`,
  }));
  const entities = Object.fromEntries(
    [...blobs].map(([etype, list]) => [
      etype,
      { attrs: Object.fromEntries(list.map((blob) => [blob.label, definitionOf(blob)])) },
    ]),
  );
  return {
    json: {
      entities: { ...entities, [MARKERS]: { attrs: { note: definitionOf(MARKER_BLOB) } } },
      links: Object.fromEntries(links.map((link) => [link.label, linkDefinition(draw, link)])),
      rooms: {},
    },
    etypes,
    blobs,
    links,
  };
}

function randomBlobs(draw: Draw): Blob[] {
  const others = times(1 + Math.floor(draw() * 3), (n) => ({
    label: `blob${n}`,
    type: pick(draw, TYPES),
    indexed: draw() < 0.4,
    unique: draw() < 0.1,
  }));
  return [{ label: 'rank', type: 'number', indexed: true, unique: false }, ...others];
}

function definitionOf({ type, indexed, unique }: Blob): JsonObject {
  return { valueType: type, required: false, config: { indexed, unique } };
}

function linkDefinition(draw: Draw, { label, from, to, reverse }: Link): JsonObject {
  const has = pick(draw, ['one', 'many']);
  return {
    forward: { on: from, label, has, ...(has === 'one' && draw() < 0.3 && { onDelete: 'cascade' }) },
    reverse: { on: to, label: reverse, has: draw() < 0.2 ? 'one' : 'many' },
  };
}

function randomValue(draw: Draw, type: Type): JsonValue {
  const n = Math.floor(draw() * 6);
  if (draw() < 0.08) return null;
  if (type === 'string') return pick(draw, ['a', 'b', 'Ä', '', 'a long one']) + (n > 3 ? n : '');
  if (type === 'number') return n - 1;
  return type === 'boolean' ? n > 2 : pick<JsonValue>(draw, [{ a: n }, { a: { b: n } }, [n], 'x']);
}

/** Draws a query over a schema. Nested forms follow links in both directions. */
export function randomQuery(draw: Draw, schema: RandomSchema): JsonObject {
  const etype = pick(draw, schema.etypes);
  return { [etype]: { $: randomOptions(draw), ...randomChildren(draw, schema, etype, 2) } };
}

function randomOptions(draw: Draw): JsonObject {
  const rank = Math.floor(draw() * 5) - 1;
  return pick<JsonObject>(draw, [
    {},
    {},
    { where: { rank } },
    { where: { rank: { $gt: rank } } },
    { where: { or: [{ rank: { $lt: rank } }, { rank: { $isNull: true } }] } },
    { where: { rank: { $not: rank } } },
    { order: { rank: 'desc' }, limit: 2 },
    { order: { serverCreatedAt: 'asc' }, limit: 3, offset: 1 },
    { last: 2 },
  ]);
}

function randomChildren(draw: Draw, { links }: RandomSchema, etype: string, depth: number): JsonObject {
  const hops = links.flatMap(({ label, from, to, reverse }) => [
    ...(from === etype ? [{ label, to }] : []),
    ...(to === etype ? [{ label: reverse, to: from }] : []),
  ]);
  if (depth === 0 || hops.length === 0 || draw() < 0.4) return {};
  const { label, to } = pick(draw, hops);
  return { [label]: randomChildren(draw, { links } as RandomSchema, to, depth - 1) };
}

/** Rules that hide some entities of one namespace from everyone but admins, and let everyone write. */
export function randomRules(draw: Draw, { etypes }: RandomSchema): JsonObject {
  return {
    [pick(draw, etypes)]: { allow: { view: 'data.rank == null || data.rank < 3', update: 'true' } },
  };
}

/** Draws transactions for an app; its entities are few, so that transactions overlap. */
export class RandomWriter {
  readonly #draw: Draw;
  readonly #schema: RandomSchema;
  readonly #attrs: ReadonlyMap<string, Attr>;
  readonly #entities: readonly string[];

  constructor(draw: Draw, schema: RandomSchema, attrs: readonly Attr[]) {
    this.#draw = draw;
    this.#schema = schema;
    this.#attrs = new Map(attrs.map((attr) => [`${etypeOf(attr)}.${labelOf(attr)}`, attr]));
    this.#entities = times(8, () => this.#uuid());
  }

  /** One to four changes. */
  transaction(): JsonValue[] {
    return times(1 + Math.floor(this.#draw() * 4), () => this.#change()).flat();
  }

  /** The steps that write the marker. */
  marker(): JsonValue[] {
    const id = this.#uuid();
    return [['add-triple', id, this.#attrId(MARKERS, 'id'), id]];
  }

  #change(): JsonValue[] {
    const draw = this.#draw;
    const etype = pick(draw, this.#schema.etypes);
    const e = pick(draw, this.#entities);
    const kind = draw();
    if (kind < 0.5) return this.#put(etype, e);
    if (kind < 0.68) return [this.#linkStep('add-triple')];
    if (kind < 0.76) return [this.#linkStep('retract-triple')];
    if (kind < 0.84) return [['delete-entity', e, etype]];
    if (kind < 0.94) return [['deep-merge-triple', e, this.#attrId(etype, 'rank'), Math.floor(draw() * 5)]];
    return this.#newAttr(etype, e);
  }

  #put(etype: string, e: string): JsonValue[] {
    const draw = this.#draw;
    const options = draw() < 0.15 ? [{ mode: pick(draw, ['create', 'update']) }] : [];
    const blobs = (this.#schema.blobs.get(etype) ?? []).filter(() => draw() < 0.6);
    return [
      ['add-triple', e, this.#attrId(etype, 'id'), e, ...options],
      ...blobs.map(({ label, type }) => [
        'add-triple',
        e,
        this.#attrId(etype, label),
        randomValue(draw, type),
        ...options,
      ]),
    ];
  }

  #linkStep(op: 'add-triple' | 'retract-triple'): JsonValue {
    const { from, label } = pick(this.#draw, this.#schema.links);
    const [e, target] = [pick(this.#draw, this.#entities), pick(this.#draw, this.#entities)];
    return [op, e, this.#attrId(from, label), target];
  }

  #newAttr(etype: string, e: string): JsonValue[] {
    const id = this.#uuid();
    const attr = {
      id,
      'forward-identity': [this.#uuid(), etype, `new${id.slice(0, 8)}`],
      'value-type': 'blob',
      cardinality: 'one',
      'unique?': false,
      'index?': this.#draw() < 0.5,
    };
    return [
      ['add-attr', attr],
      ['add-triple', e, id, randomValue(this.#draw, 'number')],
    ];
  }

  #attrId(etype: string, label: string): string {
    const attr = this.#attrs.get(`${etype}.${label}`);
    if (!attr) throw new Error(`There is no ${etype}.${label}`);
    return attr.id;
  }

  #uuid(): string {
    const hex = times(30, () => Math.floor(this.#draw() * 16).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18)}`;
  }
}
