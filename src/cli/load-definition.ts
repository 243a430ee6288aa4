import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readJson } from './read-json.ts';
import { UsageError } from './usage-error.ts';

const TYPESCRIPT: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts']);

/**
 * Reads a schema or permission rules from a file, as `instant-cli` does: what a module has as its default export, or
 * a JSON file.
 *
 * @throws {UsageError} when it cannot be read, and what to do about it.
 */
export async function loadDefinition(file: string): Promise<unknown> {
  const path = resolve(file);
  const extension = extname(path);
  if (!existsSync(path)) throw new UsageError(`Cannot read "${file}": there is no such file`);
  if (extension === '.json') return readJson(path);
  if (TYPESCRIPT.has(extension) && !readsTypeScript()) throw needsAnotherRuntime(file);
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new UsageError(`Cannot read "${file}": ${(error as Error).message}`);
  }
  // A CommonJS module that was TypeScript has its default export one level further down.
  const definition = unwrap(module.default);
  if (typeof definition === 'object' && definition !== null) return definition;
  throw new UsageError(`Cannot use "${file}": it has no default export`);
}

function unwrap(value: unknown): unknown {
  const isWrapped =
    typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value;
  return isWrapped ? value.default : value;
}

function readsTypeScript(): boolean {
  return 'Bun' in globalThis || 'Deno' in globalThis || Boolean(process.features.typescript);
}

function needsAnotherRuntime(file: string): UsageError {
  return new UsageError(
    `Cannot read "${file}": Node ${process.versions.node} does not run TypeScript. ` +
      'Use Node 22.18 or newer, Bun or Deno, or give the file as .js or .json',
  );
}
