import { requireFromProgram, requireHere } from './require-here.ts';

/**
 * Loads, synchronously, a package that the user may or may not have installed. It is looked for next to this package,
 * then next to the program: a bundle no longer sits where this package was, and a package that Deno loads from JSR has
 * nothing next to it.
 *
 * @throws the runtime's own error when the package is not there or cannot be loaded.
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
