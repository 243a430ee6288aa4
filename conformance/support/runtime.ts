/** The runtimes that the client is tested on, by the names the runner gives them. */
export type RuntimeName = 'node20' | 'node22' | 'node24' | 'node26' | 'bun' | 'deno';

/** The runtime that these tests run on. */
export const runtime: RuntimeName = nameOfThis();

function nameOfThis(): RuntimeName {
  if ('Bun' in globalThis) return 'bun';
  if ('Deno' in globalThis) return 'deno';
  return `node${process.versions.node.split('.')[0]}` as RuntimeName;
}
