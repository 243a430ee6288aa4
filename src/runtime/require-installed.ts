import { requireFromProgram, requireHere } from './require-here.ts';

/**
 * Loads a package that the user has installed or not, at once. It may be beside this one, or beside the program: a
 * bundle is somewhere else than this package was, and what Deno has from JSR is beside nothing.
 *
 * @throws what the runtime says when the package is not there, or cannot be loaded.
 */
export function requireInstalled(name: string): unknown {
  try {
    return requireHere()(name);
  } catch (error) {
    try {
      return requireFromProgram()(name);
    } catch {
      throw error;
    }
  }
}
