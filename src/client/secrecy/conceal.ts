/**
 * Keeps a field of core's out of sight when `target` is printed: it is read and set as before, and held where only
 * these two reach.
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
