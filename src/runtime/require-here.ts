import nodeModule from 'node:module';
import { join } from 'node:path';

/**
 * Makes what loads built-in modules, and the packages that this one depends on, from where this one is. A function, so
 * that nothing is made when this module is loaded.
 *
 * Bundlers leave `import.meta` empty where they make CommonJS of it; the file is known by another name there. They also
 * know `createRequire` by its name, and then make `undefined` of its result (seen in webpack 5): here it is a property.
 */
export function requireHere(): NodeJS.Require {
  const here = import.meta.url ?? __filename;
  // What Deno has from JSR is no file, and nothing is required from a web address.
  return /^https?:/.test(here) ? requireFromProgram() : nodeModule.createRequire(here);
}

/** Makes what loads packages from where the program is that the process was started with. */
export function requireFromProgram(): NodeJS.Require {
  return nodeModule.createRequire(process.argv[1] ?? join(process.cwd(), 'program'));
}
