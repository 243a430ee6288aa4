/** Every method that `value` has, its own or inherited, up to `Object`. */
export function methodsOf(value: object): string[] {
  const names = new Set<string>();
  for (let at: object = value; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Object.getOwnPropertyNames(at)) {
      const { value: member } = Object.getOwnPropertyDescriptor(at, key) ?? {};
      if (typeof member === 'function' && key !== 'constructor') names.add(key);
    }
  }
  return [...names];
}
