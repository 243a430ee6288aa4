import type { Triple } from '../../protocol/attr.ts';

/**
 * The triples at one place of an index, by key. Nearly all places hold a single triple, which is stored without a map.
 */
export type Bucket = readonly [Triple] | Map<string, Triple>;

/** Returns the key that distinguishes the triples of a bucket. */
export type KeyOf = (triple: Triple) => string;

/** The triples of a bucket, in order of insertion. */
export function triplesOf(bucket: Bucket): readonly Triple[] {
  return isSingle(bucket) ? bucket : [...bucket.values()];
}

/** The triple with this key. */
export function findIn(bucket: Bucket, key: string, keyOf: KeyOf): Triple | undefined {
  if (!isSingle(bucket)) return bucket.get(key);
  return keyOf(bucket[0]) === key ? bucket[0] : undefined;
}

/** The bucket with `triple` added; it replaces one with the same key. */
export function addTo(bucket: Bucket | undefined, triple: Triple, keyOf: KeyOf): Bucket {
  if (!bucket) return [triple];
  if (!isSingle(bucket)) return bucket.set(keyOf(triple), triple);
  const [first] = bucket;
  if (keyOf(first) === keyOf(triple)) return [triple];
  return new Map([first, triple].map((each) => [keyOf(each), each]));
}

/** The bucket without the triple with this key; undefined when it becomes empty. */
export function removeFrom(bucket: Bucket, key: string, keyOf: KeyOf): Bucket | undefined {
  if (isSingle(bucket)) return keyOf(bucket[0]) === key ? undefined : bucket;
  bucket.delete(key);
  return bucket.size > 0 ? bucket : undefined;
}

function isSingle(bucket: Bucket): bucket is readonly [Triple] {
  return Array.isArray(bucket);
}
