// The server keeps names in hashed sets of its language, Clojure, and goes through them in the order of their hashes.
// It shows: in which order binds are written into a rule, and where it says that a circle of binds begins.

/** Names in the order in which the server goes through a set of them. */
export function serverOrder(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, place: placeOf(hashOf(name)) }))
    .sort((a, b) => compare(a.place, b.place))
    .map(({ name }) => name);
}

/** The way to a hash in a set: at each step, five of its bits say where to go on. */
function placeOf(hash: number): number[] {
  return [0, 5, 10, 15, 20, 25, 30].map((shift) => (hash >>> shift) & 31);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((step, i) => step !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Murmur3 of the hash that Java has for a text. */
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
