/*
 * The parts of Deno's globals that this package uses, as minimal shapes. They are written here, and not taken from
 * Deno's own types, so that nobody who targets another runtime needs them to compile.
 */

/** The global `Deno`. */
export interface DenoGlobal {
  readonly permissions: {
    querySync(of: { name: 'env'; variable: string }): { readonly state: 'granted' | 'prompt' | 'denied' };
  };
}

/** The global `Deno`. To be called on Deno only. */
export function denoGlobal(): DenoGlobal {
  return (globalThis as unknown as { Deno: DenoGlobal }).Deno;
}
