import { createRequire } from 'node:module';

/**
 * Makes what loads packages from where this one is. A function, so that nothing is made when this module is loaded.
 *
 * Bundlers leave `import.meta` empty where they make CommonJS of it; the file is known by another name there.
 */
export function requireHere(): NodeJS.Require {
  return createRequire(import.meta.url ?? __filename);
}
