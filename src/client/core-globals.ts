/**
 * Core puts two stores of its own on `globalThis` when it is loaded, to survive hot reloading in a browser. It keeps
 * using them by reference, so they can be taken off again: importing this package changes no global.
 *
 * This file must be evaluated before core, which is why it stays a file of its own in the build.
 */
const NAMES = ['__instantDbStore', '__instantDbSchemaHashStore'];

const before = new Set(NAMES.filter((name) => Object.hasOwn(globalThis, name)));

/** Call it once core is loaded. What another copy of core had put there is left alone. */
export function removeCoreGlobals(): void {
  for (const name of NAMES) if (!before.has(name)) Reflect.deleteProperty(globalThis, name);
}
