import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { TestProjectInlineConfiguration } from 'vitest/config';

const require = createRequire(import.meta.url);

/**
 * The tests that `@instantdb/core` ships in its package, run where they were installed, unmodified.
 * Those named `*.e2e.test.ts` need a browser.
 */
export const coreTests: TestProjectInlineConfiguration = {
  root: dirname(require.resolve('@instantdb/core/package.json')),
  test: {
    include: ['__tests__/src/**/*.test.ts'],
    exclude: ['**/*.e2e.test.ts'],
    // Left to the runtime, core's `.js` sources would import its `.ts` ones, which Node 20 cannot load and
    // later Nodes and Deno refuse to under node_modules.
    server: { deps: { inline: [/@instantdb\/core\//] } },
  },
};
