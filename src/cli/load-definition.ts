import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isObject } from '../protocol/json.ts';
import { importModule } from './import-module.ts';
import { readJson } from './read-json.ts';
import { UsageError } from './usage-error.ts';

const TYPESCRIPT: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts']);

/** A schema or permission rules, with the file they came from, named as the user gave it. */
export interface Definition {
  readonly file: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Reads a schema from a file, as `instant-cli` does: the default export of a module, or a JSON file.
 *
 * @throws {UsageError} when the file cannot be read or is not a schema; the message says what to do about it.
 */
export async function loadSchema(file: string): Promise<Definition> {
  const schema = await loadDefinition(file);
  if (isObject(schema.content.entities)) return schema;
  throw new UsageError(`Cannot use "${file}" as a schema: it has no "entities"`);
}

/** The same for permission rules. */
export async function loadRules(file: string): Promise<Definition> {
  const rules = await loadDefinition(file);
  // Any name may be an entity's, so a schema would pass for rules, and they would protect nothing.
  if (!(isObject(rules.content.entities) && isObject(rules.content.links))) return rules;
  throw new UsageError(`Cannot use "${file}" as permission rules: it is a schema`);
}

async function loadDefinition(file: string): Promise<Definition> {
  const content = await contentOf(file);
  if (isObject(content)) return { file, content };
  throw new UsageError(
    extname(file) === '.json'
      ? `Cannot use "${file}": it holds no object`
      : `Cannot use "${file}": it has no object as its default export`,
  );
}

async function contentOf(file: string): Promise<unknown> {
  const path = resolve(file);
  const extension = extname(path);
  if (!existsSync(path)) throw new UsageError(`Cannot read "${file}": there is no such file`);
  if (extension === '.json') return readJson(file);
  if (TYPESCRIPT.has(extension) && !readsTypeScript()) throw needsAnotherRuntime(file);
  try {
    const module = await importModule(pathToFileURL(path).href);
    // A CommonJS module compiled from TypeScript has its default export one level deeper.
    return unwrap(module.default);
  } catch (error) {
    throw new UsageError(`Cannot read "${file}": ${(error as Error).message}`);
  }
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
      'Use Node 22.18 or newer, Bun or Deno, give the file as .mjs or .json, or push it with instant-cli',
  );
}
