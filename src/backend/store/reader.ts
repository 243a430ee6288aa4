import type { CheckedDataType, Triple } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { Place } from './value-order.ts';

/**
 * Which entities stand in an order, and by what. For attributes of cardinality one.
 *
 * - `created`: those with an id triple, by its time;
 * - `namespace`: those with an id triple, by their value under `attr`, a missing one as null;
 * - `value`: those with a triple under `attr`, by its value, strings by code unit, as comparisons take them.
 */
export type OrderSpec =
  | { kind: 'created'; idAttr: string }
  | { kind: 'namespace'; idAttr: string; attr: string; type: CheckedDataType | undefined }
  | { kind: 'value'; attr: string; type: CheckedDataType | undefined };

/** Entities in ascending order, read by position. It follows the store: read it before the store changes. */
export interface EntityOrder {
  readonly size: number;
  /** How many come before `place`; with `through`, one that stands at it counts too. */
  rank(place: Place, through?: boolean): number;
  /** Those from position `from` to before position `to`. */
  slice(from: number, to: number): Place[];
}

/**
 * How the data of one app is read. Each method is one access path with an index behind it; what a query has read is
 * told by the calls it made, see {@link ReadSet}.
 */
export interface Reader {
  /** The triples of entity `e` under attribute `a`: at most one where the attribute has cardinality one. */
  entityAttr(e: string, a: string): readonly Triple[];
  /** Every triple under attribute `a`, in order of insertion. */
  attr(a: string): Iterable<Triple>;
  /** How many triples attribute `a` has. */
  attrSize(a: string): number;
  /** The triples under attribute `a` whose value equals `v` as JSON. Indexed for links, and for attributes that are indexed or unique; else a scan of the attribute. */
  attrValue(a: string, v: JsonValue): readonly Triple[];
  /** Entities in order. The first call for an order sorts them all; from then on it is kept. */
  order(spec: OrderSpec): EntityOrder;
}

/** What a query read: enough to tell whether a later change can alter its answer. */
export interface ReadSet {
  /** Attributes that were read whole. */
  attrs: Set<string>;
  /** Read by entity: attribute id to entity ids. */
  entityAttrs: Map<string, Set<string>>;
  /** Read by value: attribute id to canonical values. */
  attrValues: Map<string, Set<string>>;
}
