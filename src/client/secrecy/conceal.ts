/**
 * Hides fields of core's when `target` is printed: they are read and set as before, but held where only their accessors
 * reach.
 */
export function conceal<T extends object>(target: T, ...names: readonly string[]): void {
  for (const name of names) {
    let held: unknown = Reflect.get(target, name);
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: false,
      get: () => held,
      set: (value: unknown) => {
        held = value;
      },
    });
  }
}
