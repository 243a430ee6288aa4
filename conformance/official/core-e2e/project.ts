import { fileURLToPath } from 'node:url';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { chromiumArguments } from '../../../runtimes/official/chromium.mjs';
import { officialPackage } from '../installed.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * The end-to-end tests that `@instantdb/core` ships in its package, run where they were installed, unmodified, in a
 * real Chromium, each in an ephemeral app that it asks the backend for.
 */
export async function coreEndToEndTests(chromium: string): Promise<TestProjectInlineConfiguration> {
  const { playwright } = await import(`${officialPackage('@vitest/browser-playwright')}/dist/index.js`);
  return {
    root: officialPackage('@instantdb/core'),
    // Mock Service Worker keeps here what the tests want at the root of their origin.
    publicDir: `${officialPackage('msw')}/lib`,
    test: {
      include: ['__tests__/src/**/*.e2e.test.ts'],
      exclude: [],
      globalSetup: [here('start-backend.ts')],
      setupFiles: [here('backend-port.ts')],
      browser: {
        enabled: true,
        headless: true,
        // For what hangs: it shares a busy machine with all of the other suites.
        connectTimeout: 180_000,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { executablePath: chromium, args: [...chromiumArguments], timeout: 120_000 },
        }),
        instances: [{ browser: 'chromium' }],
      },
    },
  };
}
