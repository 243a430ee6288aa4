import type { JsonValue } from '../../../protocol/json.ts';
import { charge } from './meter.ts';
import { LazyMap, readingCost } from './weight.ts';

/** A value as the evaluator knows it: integers are bigints, objects are maps, timestamps are dates. */
export type CelValue = unknown;

/** From here on a number that JSON writes without a fraction is no 64-bit integer any more. */
const INT_LIMIT = 2 ** 63;

/** A JSON value for the evaluator. */
export function toCel(value: JsonValue | undefined): CelValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') {
    return Number.isInteger(value) && Math.abs(value) < INT_LIMIT ? BigInt(value) : value;
  }
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(toCel);
  return new CelMap(Object.entries(value).map(([key, item]) => [key, toCel(item)]));
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
}

/** Where the values of an entity come from. */
export interface EntitySource {
  /** The labels under which the entity may have a value, `id` first. */
  labels(): Iterable<string>;
  /** Undefined where there is no value. */
  value(label: string): JsonValue | undefined;
  /** The values at the end of a path of links. */
  ref(path: string): JsonValue[];
}

/** An entity as rules see it: its values by label. A value is read when it is asked for. */
export class EntityMap extends LazyMap {
  readonly #source: EntitySource;

  constructor(source: EntitySource) {
    super();
    this.#source = source;
  }

  override get(label: string): CelValue {
    if (super.has(label)) return super.get(label);
    const value = toCel(this.#source.value(label));
    super.set(label, value);
    return value;
  }

  ref(path: string): CelValue {
    return this.#source.ref(path).map(toCel);
  }

  override has(label: string): boolean {
    return this.#source.value(label) !== undefined;
  }

  override get size(): number {
    return [...this.keys()].length;
  }

  override *keys(): MapIterator<string> {
    for (const label of this.#source.labels()) if (this.has(label)) yield label;
  }

  override *values(): MapIterator<CelValue> {
    for (const [, value] of this.entries()) yield value;
  }

  override *entries(): MapIterator<[string, CelValue]> {
    for (const label of this.keys()) {
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

// The evaluator tells a map by its constructor, and takes no other for one.
for (const { prototype } of [CelMap, EntityMap]) {
  Object.defineProperty(prototype, 'constructor', { value: Map });
}
