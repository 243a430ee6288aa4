import type { JsonValue } from '../../../protocol/json.ts';
import { loseOnServer } from './failures.ts';
import { charge } from './meter.ts';
import { LazyMap, readingCost } from './reading-cost.ts';

/** A value as the evaluator represents it: integers are bigints, objects are maps, timestamps are dates. */
export type CelValue = unknown;

/** From here on, a JSON number without a fraction no longer fits a 64-bit integer. */
const INT_LIMIT = 2 ** 63;

/** Lists that represent JSON, for which the server supports fewer operations than for other lists. */
const jsonLists = new WeakSet<object>();

/** Converts a JSON value for the evaluator. In an object, a missing key reads as null. */
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
 * Converts an item of a JSON list, or a result of `ref`, which the server leaves unconverted. Unlike in other JSON, a
 * missing key is an error, and lists support all operations.
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

/** Whether the server treats a value as a JSON list. */
export function isJsonList(value: CelValue): boolean {
  return Array.isArray(value) && jsonLists.has(value);
}

/** Whether the server treats a value as a JSON map, which includes entities. */
export function isJsonMap(value: CelValue): boolean {
  return value instanceof CelMap || value instanceof EntityValues;
}

/** The result of an evaluation as JSON. */
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

/** A map in which a missing key reads as null. */
class CelMap extends Map<string, CelValue> {
  override get(key: string): CelValue {
    return super.get(key) ?? null;
  }

  override keys(): MapIterator<string> {
    return loseOnServer('iterate a map of JSON');
  }
}

/** Reads the values of an entity. */
export interface ValueSource {
  /** The labels for which the entity may have a value, `id` first. */
  labels(): Iterable<string>;
  /** Undefined if there is no value. */
  value(label: string): JsonValue | undefined;
}

/** Reads the values of an entity and its links. */
export interface EntitySource extends ValueSource {
  /** The values at the end of a path of links. */
  ref(path: string): JsonValue[];
}

/** The values of an entity by label, as rules see `newData`. Values are read on demand. */
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

  /** Only macros call it. */
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

/** An entity as rules see it: its values by label, and its links. */
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

// The evaluator recognizes a map only by its constructor.
for (const { prototype } of [CelMap, EntityValues, EntityMap]) {
  Object.defineProperty(prototype, 'constructor', { value: Map });
}
