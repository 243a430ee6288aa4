/** Names that mean something to JavaScript, or are odd otherwise. JSON can have each of them as a key or as a text. */
export const oddNames: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'isPrototypeOf',
  'toString',
  'valueOf',
  'toJSON',
  'then',
  'length',
  '__defineSetter__',
  '',
  '0',
  '-1',
  '4294967295',
  'a/b:c.d',
  'nul \u0000',
  'half \ud83d',
  'é 💥',
  'x'.repeat(20_000),
];

/** A value with that key at every place that an object can have, as `JSON.parse` gives it. */
export function oddValue(name: string, leaf: unknown): Record<string, unknown> {
  const key = JSON.stringify(name);
  const inner = JSON.stringify(leaf);
  return JSON.parse(
    `{${key}:${inner},"deep":{${key}:{${key}:[{${key}:${inner}},${inner}]}},"none":{${key}:null}}`,
  );
}

/** A value as JSON in which the keys of all objects are in order: equal for equal values, own keys of any name included. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${sortedJson(inner)}`);
  return `{${entries.sort().join()}}`;
}
