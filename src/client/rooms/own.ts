/** An object from JSON or a user: any text may be one of its keys. */
type AnyKeys = Record<string | number, unknown>;

/** The object's own property of that name; inherited ones do not count. */
export function getOwn(target: unknown, key: string | number): unknown {
  return target != null && Object.hasOwn(Object(target), key) ? (target as AnyKeys)[key] : undefined;
}

/** Sets the object's own property, of any name: an assignment to `__proto__` would change the prototype. */
export function setOwn(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true });
}
