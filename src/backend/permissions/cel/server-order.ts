// The server holds names in Clojure hash sets, and iterates over them in hash order. That is visible in the order in
// which binds are inlined into a rule, and in where it says that a cycle of binds begins.

/** Names in the order in which the server iterates over a set of them. */
export function serverOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, place: placeOf(hashOf(name)) }))
    .sort((a, b) => compare(a.place, b.place))
    .map(({ name }) => name);
}

/** The path to a hash in the trie of a set: each level consumes five of its bits. */
function placeOf(hash: number): number[] {
  return [0, 5, 10, 15, 20, 25, 30].map((shift) => (hash >>> shift) & 31);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((step, i) => step !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Murmur3 of Java's hash of a string. */
function hashOf(text: string): number {
  let code = 0;
  for (let i = 0; i < text.length; i++) code = (Math.imul(31, code) + text.charCodeAt(i)) | 0;
  if (code === 0) return 0;
  const mixed = Math.imul(rotate(Math.imul(code, 0xcc9e2d51), 15), 0x1b873593);
  let hash = (Math.imul(rotate(mixed, 13), 5) + 0xe6546b64) | 0;
  hash ^= 4;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
