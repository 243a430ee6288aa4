import fc from 'fast-check';
import { type AppData, createAppData } from '../../src/backend/store/app-data.ts';
import type { Attr, CheckedDataType, Triple } from '../../src/protocol/attr.ts';
import type { JsonValue } from '../../src/protocol/json.ts';

/** Draws a value; what fast-check's `gen()` gives. */
export type Draw = fc.GeneratorValue;

/** A blob attribute of every namespace of a random app. */
export interface Blob {
  label: string;
  type?: CheckedDataType;
  indexed: boolean;
  /** Whether every entity has a value that is not null. */
  filled: boolean;
}

/** A link of a random app. */
export interface Link {
  from: string;
  to: string;
  forward: string;
  reverse: string;
  many: boolean;
}

/** A random app: its data, and what a query can ask of it. */
export interface World {
  data: AppData;
  attrs: readonly Attr[];
  triples: readonly Triple[];
  etypes: readonly string[];
  blobs: readonly Blob[];
  links: readonly Link[];
  /** Entity ids by namespace. */
  ids: Readonly<Record<string, readonly string[]>>;
}

const ETYPES: readonly ['a', 'b', 'c'] = ['a', 'b', 'c'];

const BLOBS: readonly Blob[] = [
  { label: 'free', indexed: false, filled: false },
  { label: 'kept', indexed: true, filled: false },
  { label: 'num', type: 'number', indexed: true, filled: true },
  { label: 'text', type: 'string', indexed: true, filled: true },
  { label: 'day', type: 'date', indexed: true, filled: true },
  { label: 'flag', type: 'boolean', indexed: true, filled: true },
  { label: 'maybe', type: 'number', indexed: true, filled: false },
  { label: 'note', type: 'string', indexed: false, filled: false },
];

/** Few values, so that queries meet them. */
const TEXTS: readonly string[] = ['', 'a', 'A', 'b', 'ä', 'ab', 'a%b', 'a_b', 'Z\nz', 'é'];
const ANY_VALUES: JsonValue[] = ['a', 'b', '1', 1, 2, true, false, null, [1], { k: 'a' }];

/** A value that an attribute of this type takes. */
export function drawValue(draw: Draw, type: CheckedDataType | undefined): JsonValue {
  switch (type) {
    case 'string':
      return draw(fc.constantFrom, ...TEXTS);
    case 'number':
      return draw(fc.constantFrom, -1, 0, 1, 1.5, 2, 10);
    case 'boolean':
      return draw(fc.boolean);
    case 'date':
      return draw(fc.constantFrom, 0, 1_000, 86_400_000, 1_700_000_000_123);
    case undefined:
      return draw(fc.constantFrom, ...ANY_VALUES);
  }
}

let serial = 0;

function nextUuid(): string {
  return `00000000-0000-4000-8000-${(++serial).toString(16).padStart(12, '0')}`;
}

/** Entity ids whose order is not that of their making, and which stay different when a failure is made smaller. */
function entityId(draw: Draw): string {
  const start = draw(fc.nat, { max: 0xffff }).toString(16).padStart(8, '0');
  return start + nextUuid().slice(8);
}

function blobAttr(etype: string, blob: Blob): Attr {
  return {
    id: nextUuid(),
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [nextUuid(), etype, blob.label],
    'unique?': blob.label === 'id',
    'index?': blob.indexed,
    catalog: 'user',
    ...(blob.type && { 'checked-data-type': blob.type }),
  };
}

function linkAttr(link: Link): Attr {
  return {
    id: nextUuid(),
    'value-type': 'ref',
    cardinality: link.many ? 'many' : 'one',
    'forward-identity': [nextUuid(), link.from, link.forward],
    'reverse-identity': [nextUuid(), link.to, link.reverse],
    'unique?': false,
    'index?': false,
    catalog: 'user',
  };
}

function drawLinks(draw: Draw): Link[] {
  const count = draw(fc.integer, { min: 1, max: 4 });
  return Array.from({ length: count }, (_, index) => ({
    // Mostly between the same two, so that one namespace is reached on several links.
    from: draw(fc.constantFrom, 'a', 'a', 'a', 'b', 'c'),
    to: draw(fc.constantFrom, 'a', 'b', 'b', 'b', 'c'),
    forward: `f${index}`,
    reverse: `r${index}`,
    many: draw(fc.boolean),
  }));
}

function blobTriples(draw: Draw, attr: Attr, blob: Blob, e: string, t: number): Triple[] {
  const has = blob.filled || draw(fc.integer, { min: 0, max: 3 }) > 0;
  if (has) return [[e, attr.id, drawValue(draw, blob.type), t]];
  // An entity carries a null triple for every indexed attribute that it has no value of.
  return blob.indexed ? [[e, attr.id, null, t]] : [];
}

/** Draws an app: three namespaces that have every kind of attribute, random links between them, a few entities each. */
export function drawWorld(draw: Draw): World {
  serial = 0;
  const links = drawLinks(draw);
  const data = createAppData();
  const triples: Triple[] = [];
  const ids: Record<string, string[]> = {};
  for (const etype of ETYPES) {
    const size = draw(fc.integer, { min: 0, max: 5 });
    const created = Array.from({ length: size }, () => ({
      e: entityId(draw),
      t: draw(fc.integer, { min: 1, max: 3 }),
    }));
    ids[etype] = created.map(({ e }) => e);
    const id = blobAttr(etype, { label: 'id', indexed: false, filled: true });
    data.catalog.put(id);
    for (const { e, t } of created) triples.push([e, id.id, e, t]);
    for (const blob of BLOBS) {
      const attr = blobAttr(etype, blob);
      data.catalog.put(attr);
      for (const { e, t } of created) triples.push(...blobTriples(draw, attr, blob, e, t));
    }
  }
  for (const link of links) {
    const attr = linkAttr(link);
    data.catalog.put(attr);
    for (const e of ids[link.from] ?? []) {
      const all = ids[link.to] ?? [];
      const drawn = draw(fc.subarray, all);
      const targets = link.many ? drawn : drawn.slice(0, 1);
      for (const target of targets) triples.push([e, attr.id, target, 1]);
    }
  }
  for (const triple of triples) data.triples.load(triple);
  return { data, attrs: data.catalog.list(), triples, etypes: ETYPES, blobs: BLOBS, links, ids };
}
