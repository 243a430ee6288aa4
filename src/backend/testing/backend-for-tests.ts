import { afterAll } from 'vitest';
import { type Backend, type BackendOptions, startBackend } from '../index.ts';

/** A backend for all tests of the file that calls this at its top level; closed after them. */
export async function backendForTests(options?: BackendOptions): Promise<Backend> {
  const backend = await startBackend(options);
  afterAll(() => backend.close());
  return backend;
}
