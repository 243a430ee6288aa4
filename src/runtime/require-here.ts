import nodeModule from 'node:module';
import { join } from 'node:path';

/**
 * Makes what loads built-in modules, and the packages that this one depends on, from where this one is. A function, so
 * that nothing is made when this module is loaded.
 *
 * Where CommonJS is made of this, `import.meta` is empty, and the file is known by another name.
 */
export function requireHere(): NodeJS.Require {
  const here = import.meta.url ?? __filename;
  // What Deno has from JSR is no file, and nothing is required from a web address.
  return /^https?:/.test(here) ? requireFromProgram() : createRequire(here);
}

/** Makes what loads packages from where the program is that the process was started with. */
export function requireFromProgram(): NodeJS.Require {
  return createRequire(process.argv[1] ?? join(process.cwd(), 'program'));
}

// Bundlers know `createRequire` by its name and module, and make `undefined` of its result (seen in webpack 5). They do
// not know who else has it; only Node before 20.16 has nobody.
function createRequire(from: string): NodeJS.Require {
  const { createRequire: create } = process.getBuiltinModule?.('node:module') ?? nodeModule;
  return create(from);
}
