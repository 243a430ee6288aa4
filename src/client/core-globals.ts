/**
 * When it is loaded, core puts two stores of its own on `globalThis`, to survive hot reloading in a browser. It goes on
 * using them by reference, so they can be removed again: importing this package changes no global.
 *
 * This file has to run before core does, which is why it stays a separate file in the build.
 */
const NAMES = ['__instantDbStore', '__instantDbSchemaHashStore'];

const before = new Set(NAMES.filter((name) => Object.hasOwn(globalThis, name)));

/** Call this once core is loaded. What another copy of core has put there stays. */
export function removeCoreGlobals(): void {
  for (const name of NAMES) if (!before.has(name)) Reflect.deleteProperty(globalThis, name);
}
