import nodeModule from 'node:module';
import { join } from 'node:path';

/**
 * A `require` for built-in modules and for this package's dependencies, resolved from this file. It is a function so
 * that loading this module creates nothing.
 *
 * In the CommonJS build `import.meta` is empty, and the file's name is in `__filename`.
 */
export function requireHere(): NodeJS.Require {
  const here = import.meta.url ?? __filename;
  // On Deno, a package from JSR has a web address instead of a file, and nothing can be required from there.
  return /^https?:/.test(here) ? requireFromProgram() : createRequire(here);
}

/** A `require` that resolves packages from the program that the process was started with. */
export function requireFromProgram(): NodeJS.Require {
  return createRequire(process.argv[1] ?? join(process.cwd(), 'program'));
}

// Bundlers recognize `createRequire` by name and module, and replace its result by `undefined` (seen in webpack 5).
// They do not see through `getBuiltinModule`; only Node before 20.16 lacks it and needs the import.
function createRequire(from: string): NodeJS.Require {
  const { createRequire: create } = process.getBuiltinModule?.('node:module') ?? nodeModule;
  return create(from);
}
