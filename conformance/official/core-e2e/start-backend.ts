import type { TestProject } from 'vitest/node';
import { type Backend, startBackend } from '../../../src/backend/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the backend under test listens. */
    localBackendPort: number;
  }
}

/** Starts the backend that the tests in the browser are run against, and ends it after them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const backend: Backend = await startBackend();
  project.provide('localBackendPort', Number(new URL(backend.url).port));
  return () => backend.close();
}
