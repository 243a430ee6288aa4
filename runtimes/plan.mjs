// What is run where. Which files a suite holds is said once, in vitest.config.ts.

/** The Node this process runs on, by the name the runs use: `node20`. */
export const currentNode = `node${process.versions.node.split('.')[0]}`;

/** Every runtime a test file can run on; `currentNode` first, as it is the one that is always there. */
export const RUNTIMES = [...new Set([currentNode, 'node20', 'node22', 'node24', 'node26', 'bun', 'deno'])];

/** Without these a run proves too little: a missing one is a failure, where another Node is only left out. */
export const REQUIRED_RUNTIMES = [currentNode, 'bun', 'deno'];

/** @typedef {'official packages' | 'embedding packages' | 'chromium'} Need What a run needs beyond `npm ci`. */

/**
 * Vitest projects, each with the runtimes it runs on, and where the files are not ours to count, how many tests
 * must have run. What a suite that `prints` says is shown when it passes, too.
 * @type {Record<string, {
 *   runtimes: string[],
 *   expected?: { passed: number, skipped: number },
 *   needs?: Need[],
 *   prints?: boolean,
 * }>}
 */
export const SUITES = {
  // Processes that are killed while they write: 200 times a storage on this Node, fewer on the others.
  kill: { runtimes: RUNTIMES, prints: true },
  package: { runtimes: [currentNode], needs: ['official packages'] },
  client: { runtimes: RUNTIMES },
  // @instantdb/core 1.0.67; its own source skips one test.
  core: { runtimes: [currentNode, 'bun', 'deno'], expected: { passed: 208, skipped: 1 } },
  unit: { runtimes: [currentNode] },
  listen: { runtimes: ['bun', 'deno'] },
  // The packed archive in real tools: those that are installed anyway, and the others.
  embedding: { runtimes: [currentNode] },
  'embedding-tools': { runtimes: [currentNode], needs: ['embedding packages'] },
  // The official packages, unmodified, against the local backend.
  admin: { runtimes: [currentNode], needs: ['official packages'] },
  cli: { runtimes: [currentNode], needs: ['official packages'] },
  pages: { runtimes: [currentNode], needs: ['official packages', 'chromium'] },
  'core-e2e': {
    runtimes: [currentNode],
    expected: { passed: 20, skipped: 0 },
    needs: ['official packages', 'chromium'],
  },
};

/**
 * Commands that look at the tree and run no test; arguments for the current Node.
 * @type {Record<string, { command: string[], needs?: Need[] }>}
 */
export const CHECKS = {
  types: { command: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  'official-types': {
    command: ['node_modules/typescript/bin/tsc', '-p', 'conformance/official'],
    needs: ['official packages'],
  },
  lint: { command: ['node_modules/@biomejs/biome/bin/biome', 'ci', '.'] },
};

/**
 * What a command line asks for. Names of suites and checks choose what, names of runtimes choose where;
 * no name at all means everything, and only runtimes mean every suite there.
 * @param {string[]} names
 */
export function plan(names) {
  const known = [...Object.keys(CHECKS), ...Object.keys(SUITES), ...RUNTIMES];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new RangeError(`Cannot run "${unknown.join(' ')}": the names are ${known.join(', ')}`);
  }
  const runtimes = names.filter((name) => RUNTIMES.includes(name));
  const suites = names.filter((name) => name in SUITES);
  const checks = names.filter((name) => name in CHECKS);
  const everything = names.length === 0;
  const chosenSuites = suites.length > 0 || checks.length > 0 ? suites : Object.keys(SUITES);
  const runs = chosenSuites.flatMap((suite) =>
    SUITES[suite].runtimes
      .filter((runtime) => runtimes.length === 0 || runtimes.includes(runtime))
      .map((runtime) => ({ suite, runtime, named: runtimes.includes(runtime) })),
  );
  if (runs.length === 0 && checks.length === 0) {
    throw new RangeError(`Cannot run "${names.join(' ')}": no such suite runs on such a runtime`);
  }
  return { checks: everything ? Object.keys(CHECKS) : checks, runs };
}
