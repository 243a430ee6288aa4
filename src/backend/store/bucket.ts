import type { Triple } from '../../protocol/attr.ts';

/**
 * The triples at one place of an index, each under a key of its own. Nearly all places hold one triple, so one alone
 * takes no map.
 */
export type Bucket = readonly [Triple] | Map<string, Triple>;

/** What tells the triples of a bucket apart. */
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

/** The bucket with `triple` in it; it replaces one with the same key. */
export function addTo(bucket: Bucket | undefined, triple: Triple, keyOf: KeyOf): Bucket {
  if (!bucket) return [triple];
  if (!isSingle(bucket)) return bucket.set(keyOf(triple), triple);
  const [first] = bucket;
  if (keyOf(first) === keyOf(triple)) return [triple];
  return new Map([first, triple].map((each) => [keyOf(each), each]));
}

/** The bucket without the triple that has this key; undefined when nothing is left. */
export function removeFrom(bucket: Bucket, key: string, keyOf: KeyOf): Bucket | undefined {
  if (isSingle(bucket)) return keyOf(bucket[0]) === key ? undefined : bucket;
  bucket.delete(key);
  return bucket.size > 0 ? bucket : undefined;
}

function isSingle(bucket: Bucket): bucket is readonly [Triple] {
  return Array.isArray(bucket);
}
