import type { CheckedDataType, Triple } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { Place } from './value-order.ts';

/**
 * Which entities an order contains, and what it sorts by. For attributes of cardinality one.
 *
 * - `created`: entities with an id triple, by its time;
 * - `namespace`: entities with an id triple, by their value of `attr`, with a missing one as null;
 * - `value`: entities with a triple of `attr`, by its value, with strings by code unit, as comparisons use them.
 */
export type OrderSpec =
  | { kind: 'created'; idAttr: string }
  | { kind: 'namespace'; idAttr: string; attr: string; type: CheckedDataType | undefined }
  | { kind: 'value'; attr: string; type: CheckedDataType | undefined };

/** Entities in ascending order, read by position. It is a live view: read it before the store changes. */
export interface EntityOrder {
  readonly size: number;
  /** How many entities come before `place`; with `through`, including one at that place. */
  rank(place: Place, through?: boolean): number;
  /** The places from position `from` up to but excluding `to`. */
  slice(from: number, to: number): Place[];
}

/**
 * How the data of an app is read. Each method is an access path with an index behind it; the calls a query makes show
 * what it has read, see {@link ReadSet}.
 */
export interface Reader {
  /** The triples of entity `e` for attribute `a`: at most one if the attribute has cardinality one. */
  entityAttr(e: string, a: string): readonly Triple[];
  /** Every triple of attribute `a`, in order of insertion. */
  attr(a: string): Iterable<Triple>;
  /** How many triples attribute `a` has. */
  attrSize(a: string): number;
  /**
   * The triples of attribute `a` whose value equals `v` as JSON. Indexed for links, and for attributes that are indexed
   * or unique; otherwise it scans the attribute.
   */
  attrValue(a: string, v: JsonValue): readonly Triple[];
  /** Entities in order. The first call for an order sorts all of them; from then on the order is maintained. */
  order(spec: OrderSpec): EntityOrder;
}

/** What a query read: enough to decide whether a later change can alter its answer. */
export interface ReadSet {
  /** Attributes that were read in full. */
  attrs: Set<string>;
  /** Read by entity: attribute id to entity ids. */
  entityAttrs: Map<string, Set<string>>;
  /** Read by value: attribute id to canonical values. */
  attrValues: Map<string, Set<string>>;
}
