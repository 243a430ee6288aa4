// What is run where. Which files a suite holds is said once, in vitest.config.ts.

/** The Node this process runs on, by the name the runs use: `node20`. */
export const currentNode = `node${process.versions.node.split('.')[0]}`;

/** Every runtime a test file can run on; `currentNode` first, as it is the one that is always there. */
export const RUNTIMES = [...new Set([currentNode, 'node20', 'node22', 'node24', 'node26', 'bun', 'deno'])];

/** Without these a run proves too little: a missing one is a failure, where another Node is only left out. */
export const REQUIRED_RUNTIMES = [currentNode, 'bun', 'deno'];

/** @typedef {'official packages' | 'embedding packages' | 'chromium'} Need What a run needs beyond `npm ci`. */

/**
 * Vitest projects, each with the runtimes it runs on, about how long it takes (the order in which they begin hangs on it,
 * and nothing else), and where the files are not ours to count, how many tests must have run. What a suite that `prints`
 * says is shown when it passes, too.
 * @type {Record<string, {
 *   runtimes: string[],
 *   seconds: number | Record<string, number>,
 *   expected?: { passed: number, skipped: number },
 *   needs?: Need[],
 *   prints?: boolean,
 * }>}
 */
export const SUITES = {
  // Processes that are killed while they write: 200 times a storage on this Node, fewer on the others.
  kill: { runtimes: RUNTIMES, seconds: { node20: 480, others: 80 }, prints: true },
  package: { runtimes: [currentNode], seconds: 390, needs: ['official packages'] },
  client: { runtimes: RUNTIMES, seconds: 350 },
  // @instantdb/core 1.0.67; its own source skips one test.
  core: { runtimes: [currentNode, 'bun', 'deno'], seconds: 20, expected: { passed: 208, skipped: 1 } },
  unit: { runtimes: [currentNode], seconds: 490 },
  listen: { runtimes: ['bun', 'deno'], seconds: 30 },
  // The packed archive in real tools: those that are installed anyway, and the others.
  embedding: { runtimes: [currentNode], seconds: 150 },
  'embedding-tools': { runtimes: [currentNode], seconds: 320, needs: ['embedding packages'] },
  // The official packages, unmodified, against the local backend.
  admin: { runtimes: [currentNode], seconds: 30, needs: ['official packages'] },
  cli: { runtimes: [currentNode], seconds: 105, needs: ['official packages'] },
  pages: { runtimes: [currentNode], seconds: 60, needs: ['official packages', 'chromium'] },
  'core-e2e': {
    runtimes: [currentNode],
    seconds: 40,
    expected: { passed: 20, skipped: 0 },
    needs: ['official packages', 'chromium'],
  },
};

/**
 * Commands that look at the tree and run no test; arguments for the current Node.
 * @type {Record<string, { command: string[], seconds: number, needs?: Need[] }>}
 */
export const CHECKS = {
  types: { command: ['node_modules/typescript/bin/tsc', '-p', '.'], seconds: 60 },
  'official-types': {
    command: ['node_modules/typescript/bin/tsc', '-p', 'conformance/official'],
    seconds: 30,
    needs: ['official packages'],
  },
  lint: { command: ['node_modules/@biomejs/biome/bin/biome', 'ci', '.'], seconds: 10 },
};

/**
 * About how long a run takes.
 * @param {{ suite: string, runtime: string }} run
 */
export function secondsOf({ suite, runtime }) {
  const { seconds } = SUITES[suite];
  return typeof seconds === 'number' ? seconds : (seconds[runtime] ?? seconds.others);
}

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
