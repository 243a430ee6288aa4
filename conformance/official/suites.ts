import type { TestProjectInlineConfiguration } from 'vitest/config';
import { locateChromium } from '../../runtimes/official/chromium.mjs';
import { hasPackages } from '../../runtimes/packages.mjs';
import { coreEndToEndTests } from './core-e2e/project.ts';

/**
 * The suites that prove the official packages against the local backend: those that this machine can run, which may be
 * none. Vitest runs them on Node.
 */
export async function officialSuites(): Promise<Record<string, TestProjectInlineConfiguration>> {
  if ('Bun' in globalThis || 'Deno' in globalThis || !hasPackages('official')) return {};
  const admin = testsIn('admin');
  const cli = testsIn('cli');
  const chromium = locateChromium();
  if (chromium === undefined) return { admin, cli };
  return { admin, cli, pages: testsIn('pages'), 'core-e2e': await coreEndToEndTests(chromium) };
}

function testsIn(folder: string): TestProjectInlineConfiguration {
  return { test: { include: [`conformance/official/${folder}/*.test.ts`] } };
}
