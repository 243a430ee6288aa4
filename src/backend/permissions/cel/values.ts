import type { JsonValue } from '../../../protocol/json.ts';
import { loseOnServer } from './failures.ts';
import { charge } from './meter.ts';
import { LazyMap, readingCost } from './reading-cost.ts';

/** A value as the evaluator knows it: integers are bigints, objects are maps, timestamps are dates. */
export type CelValue = unknown;

/** From here on a number that JSON writes without a fraction is no 64-bit integer any more. */
const INT_LIMIT = 2 ** 63;

/** The lists that stand for JSON, of which the server knows less than of other lists. */
const jsonLists = new WeakSet<object>();

/** A JSON value for the evaluator. A key that is missing from an object in it is null. */
export function toCel(value: JsonValue | undefined): CelValue {
  if (Array.isArray(value)) {
    const list = value.map(toPlainCel);
    jsonLists.add(list);
    return list;
  }
  if (typeof value !== 'object' || value === null) return toPlainCel(value);
  return new CelMap(Object.entries(value).map(([key, item]) => [key, toCel(item)]));
}

/**
 * A JSON value as the items of a list are, and what `ref` gives: the server leaves them as they were read. Unlike in
 * other JSON, a missing key is an error, and all is known of lists.
 */
export function toPlainCel(value: JsonValue | undefined): CelValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') {
    return Number.isInteger(value) && Math.abs(value) < INT_LIMIT ? BigInt(value) : value;
  }
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(toPlainCel);
  return new Map(Object.entries(value).map(([key, item]) => [key, toPlainCel(item)]));
}

/** Whether a value is a list that the server knows as JSON. */
export function isJsonList(value: CelValue): boolean {
  return Array.isArray(value) && jsonLists.has(value);
}

/** Whether a value is a map that the server knows as JSON: an entity is one. */
export function isJsonMap(value: CelValue): boolean {
  return value instanceof CelMap || value instanceof EntityValues;
}

/** What an evaluation came to, as JSON can show it. */
export function fromCel(value: CelValue): JsonValue {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), fromCel(item)]));
  }
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromCel(item)]));
  }
  return String(value);
}

/** A map in which every key can be read: one that is missing is null. */
class CelMap extends Map<string, CelValue> {
  override get(key: string): CelValue {
    return super.get(key) ?? null;
  }

  override keys(): MapIterator<string> {
    return loseOnServer('iterate a map of JSON');
  }
}

/** Where the values of an entity come from. */
export interface ValueSource {
  /** The labels under which the entity may have a value, `id` first. */
  labels(): Iterable<string>;
  /** Undefined where there is no value. */
  value(label: string): JsonValue | undefined;
}

/** Where the values of an entity and its links come from. */
export interface EntitySource extends ValueSource {
  /** The values at the end of a path of links. */
  ref(path: string): JsonValue[];
}

/** The values of an entity by label, as rules see `newData`. A value is read when it is asked for. */
export class EntityValues extends LazyMap {
  readonly #source: ValueSource;

  constructor(source: ValueSource) {
    super();
    this.#source = source;
  }

  override get(label: string): CelValue {
    if (super.has(label)) return super.get(label);
    const value = toCel(this.#source.value(label));
    super.set(label, value);
    return value;
  }

  override has(label: string): boolean {
    return this.#source.value(label) !== undefined;
  }

  override get size(): number {
    return [...this.#labels()].length;
  }

  *#labels(): Iterable<string> {
    for (const label of this.#source.labels()) if (this.has(label)) yield label;
  }

  /** Asked for by macros alone. */
  override keys(): MapIterator<string> {
    return loseOnServer('iterate a map of JSON');
  }

  override *values(): MapIterator<CelValue> {
    for (const [, value] of this.entries()) yield value;
  }

  override *entries(): MapIterator<[string, CelValue]> {
    for (const label of this.#labels()) {
      const value = this.get(label);
      charge(1 + readingCost(value));
      yield [label, value];
    }
  }

  override [Symbol.iterator](): MapIterator<[string, CelValue]> {
    return this.entries();
  }

  override forEach(visit: (value: CelValue, key: string, map: Map<string, CelValue>) => void): void {
    for (const [label, value] of this.entries()) visit(value, label, this);
  }
}

/** An entity as rules see it: its values by label, and what its links lead to. */
export class EntityMap extends EntityValues {
  readonly #source: EntitySource;

  constructor(source: EntitySource) {
    super(source);
    this.#source = source;
  }

  ref(path: string): CelValue[] {
    return this.#source.ref(path).map(toPlainCel);
  }
}

// The evaluator tells a map by its constructor, and takes no other for one.
for (const { prototype } of [CelMap, EntityValues, EntityMap]) {
  Object.defineProperty(prototype, 'constructor', { value: Map });
}
