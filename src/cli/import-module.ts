import * as nodeModule from 'node:module';
import { extname } from 'node:path';

/** What a relative import without an extension may stand for, as bundlers and `instant-cli` read it. */
const SUFFIXES = ['.ts', '.js', '/index.ts', '/index.js'];

/**
 * Imports a module of somebody's project, as `instant-cli` does. Node by itself takes TypeScript for CommonJS where the
 * nearest package.json says so, as `npm init` writes it, and wants an extension behind each relative import.
 */
export async function importModule(url: string): Promise<{ default?: unknown }> {
  // Node 22.15 has it, and so has every Node that runs TypeScript; Bun and Deno need none of this.
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
          // The next one may be there.
        }
      }
      throw error;
    }
  },
  load(url, context, next) {
    return next(url, extname(url) === '.ts' ? { ...context, format: 'module-typescript' } : context);
  },
};
