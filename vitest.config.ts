import { fileURLToPath } from 'node:url';
import type { TestProjectInlineConfiguration, ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';
import { coreTests } from './conformance/core-tests/project.ts';
import { officialSuites } from './conformance/official/suites.ts';
import { hasPackages } from './runtimes/packages.mjs';
import { thisRuntime } from './runtimes/this-runtime.ts';

// `npx vitest run [path]` tests on the Node it runs on; `npm test` starts this once for each suite and
// runtime (see runtimes/run.mjs), each project named after both, so that the results can be merged.

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const ours: Record<string, TestProjectInlineConfiguration> = {
  unit: {
    test: {
      include: [
        'src/**/*.test.ts',
        'runtimes/*.test.mjs',
        'conformance/golden/**/*.test.ts',
        'conformance/query-agreement/**/*.test.ts',
      ],
    },
  },
  // Each runtime has listeners, sockets and requests of its own; Node's are among the unit tests.
  listen: { test: { include: ['src/drivers/{egress,listen,network,requests,websocket}/**/*.test.ts'] } },
  // In one context: nothing here leaves anything behind, and loading core anew for each file takes longer than the tests.
  client: { test: { include: ['conformance/client/**/*.test.ts'], isolate: false } },
  kill: { test: { include: ['conformance/kill/**/*.test.ts'] } },
  package: { test: { include: ['conformance/package/**/*.test.ts'] } },
  // The packed archive in real tools: those that are installed anyway, and those of runtimes/embedding.
  embedding: { test: { include: ['conformance/embedding/at-hand.test.ts'], testTimeout: 900_000 } },
  ...(hasPackages('embedding') && {
    'embedding-tools': {
      test: { include: ['conformance/embedding/installed.test.ts'], testTimeout: 900_000 },
    },
  }),
  core: coreTests,
};

/** The package by its published names, as the sources of the entries that `runtime` would be given. */
function publishedNames(runtime: string): Array<{ find: RegExp; replacement: string }> {
  const entry = runtime.startsWith('node') ? 'node' : runtime;
  return [
    { find: /^@instantdb\/node$/, replacement: here(`src/${entry}.ts`) },
    { find: /^@instantdb\/node\/(node|bun|deno)$/, replacement: here('src/$1.ts') },
    { find: /^@instantdb\/node\/backend$/, replacement: here('src/backend/index.ts') },
    // Installed apart from the root, see runtimes/node/package.json.
    { find: /^better-sqlite3$/, replacement: here('runtimes/node/node_modules/better-sqlite3') },
    // And so are these, see runtimes/official/package.json.
    {
      find: /^(@instantdb\/admin|@instantdb\/platform|playwright)$/,
      replacement: here('runtimes/official/node_modules/$1'),
    },
  ];
}

async function projectsOn(runtime: string): Promise<TestProjectInlineConfiguration[]> {
  // Made anew for each runtime: Vitest writes a name into what describes a browser.
  const suites = { ...ours, ...(await officialSuites()) };
  return Object.entries(suites).map(([suite, config]) => ({
    ...config,
    resolve: { alias: publishedNames(runtime) },
    test: {
      // A limit for what hangs, not for what is slow: machines differ, and one may be busy.
      testTimeout: 300_000,
      hookTimeout: 300_000,
      expect: { poll: { timeout: 60_000 } },
      ...config.test,
      name: `${suite} (${runtime})`,
      env: { EXPECT_RUNTIME: runtime },
      // In a browser the tests run on no runtime of ours.
      setupFiles: config.test?.setupFiles ?? [here('runtimes/expect-runtime.ts')],
    },
  }));
}

const runtimes = process.env.TEST_RUNTIMES?.split(',') ?? [thisRuntime()];

const config: ViteUserConfig = defineConfig({
  test: { projects: (await Promise.all(runtimes.map(projectsOn))).flat(), silent: 'passed-only' },
});

export default config;
