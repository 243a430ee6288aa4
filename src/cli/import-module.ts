import * as nodeModule from 'node:module';
import { extname } from 'node:path';

/** The files that a relative import without an extension may mean, in the way of bundlers and `instant-cli`. */
const SUFFIXES = ['.ts', '.js', '/index.ts', '/index.js'];

/**
 * Imports a module of a user's project, as `instant-cli` does. Node on its own treats TypeScript as CommonJS where the
 * nearest package.json says so, as the one written by `npm init` does, and requires an extension in every relative
 * import.
 */
export async function importModule(url: string): Promise<{ default?: unknown }> {
  // Node has `registerHooks` since 22.15, and so has every Node that runs TypeScript; Bun and Deno do not need it.
  const hooks = needsHooks() ? nodeModule.registerHooks(hooksForProjects) : undefined;
  try {
    return await import(url);
  } finally {
    hooks?.deregister();
  }
}

function needsHooks(): boolean {
  return !('Bun' in globalThis || 'Deno' in globalThis) && 'registerHooks' in nodeModule;
}

const hooksForProjects: nodeModule.RegisterHooksOptions = {
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!/^\.{1,2}\//.test(specifier) || extname(specifier) !== '') throw error;
      for (const suffix of SUFFIXES) {
        try {
          return next(`${specifier}${suffix}`, context);
        } catch {
          // Try the next one.
        }
      }
      throw error;
    }
  },
  load(url, context, next) {
    return next(url, extname(url) === '.ts' ? { ...context, format: 'module-typescript' } : context);
  },
};
