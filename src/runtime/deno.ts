/*
 * Minimal shapes of the Deno globals that this package uses. They are written here, rather than taken from Deno's own
 * types, so that projects for other runtimes compile without them.
 */

/** The global `Deno`. */
export interface DenoGlobal {
  readonly permissions: {
    querySync(of: { name: 'env'; variable: string }): { readonly state: 'granted' | 'prompt' | 'denied' };
  };
}

/** The global `Deno`. Call it only on Deno. */
export function denoGlobal(): DenoGlobal {
  return (globalThis as unknown as { Deno: DenoGlobal }).Deno;
}
