import { types } from 'node:util';

const REDACTED = '[redacted]';

/** What to leave out of anything that is shown. */
export interface Hidden {
  /** Fields whose values are left out, whatever they are. */
  readonly names: ReadonlySet<string>;
  /** Texts that are left out wherever they occur, even inside other texts. */
  readonly texts: readonly string[];
}

/**
 * `value` without what is hidden: itself when it holds none of that, else a copy. Cycles, maps, sets and errors are
 * kept as such; an instance of a class that holds something hidden becomes a plain object, and accessors are not
 * called.
 *
 * Not recursive: a message of a server can be nested deeper than the stack reaches.
 */
export function redact(value: unknown, hidden: Hidden): unknown {
  return holdsHidden(value, hidden) ? new Copying(hidden).copy(value) : value;
}

/** As {@link redact}, but an error is changed in place: the caller should get the object that was thrown. */
export function redactInPlace<T>(value: T, hidden: Hidden, seen: Set<unknown> = new Set()): T {
  if (!(value instanceof Error)) return redact(value, hidden) as T;
  if (seen.has(value)) return value;
  seen.add(value);
  for (const [key, member] of membersOf(value)) {
    const shown = hidden.names.has(String(key)) && member ? REDACTED : redactInPlace(member, hidden, seen);
    // Only the runtime's own errors cannot be changed, and those hold no message of ours.
    if (shown !== member) Reflect.set(value, key, shown);
  }
  return value;
}

function holdsHidden(value: unknown, { names, texts }: Hidden): boolean {
  const seen = new Set<unknown>();
  const waiting = [value];
  while (waiting.length > 0) {
    const here = waiting.pop();
    if (typeof here === 'string' && texts.some((text) => here.includes(text))) return true;
    if (typeof here !== 'object' || here === null || seen.has(here)) continue;
    seen.add(here);
    for (const [key, member] of membersOf(here)) {
      if (names.has(String(key)) && member) return true;
      waiting.push(key, member);
    }
    if (types.isMap(here)) for (const [key, member] of here) waiting.push(key, member);
    if (types.isSet(here)) for (const member of here) waiting.push(member);
  }
  return false;
}

/** One deep copy; an object that occurs twice is copied once. */
class Copying {
  readonly #hidden: Hidden;
  readonly #copies = new Map<object, object>();
  readonly #unfilled: [from: object, to: object][] = [];

  constructor(hidden: Hidden) {
    this.#hidden = hidden;
  }

  copy(value: unknown): unknown {
    const copy = this.#begin(value);
    for (let next = this.#unfilled.pop(); next; next = this.#unfilled.pop()) this.#fill(...next);
    return copy;
  }

  #begin(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies.get(value);
    if (known) return known;
    const copy = emptyLike(value);
    if (!copy || (!isSimple(value) && !holdsHidden(value, this.#hidden))) return value;
    this.#copies.set(value, copy);
    this.#unfilled.push([value, copy]);
    return copy;
  }

  #fill(from: object, to: object): void {
    for (const [key, member] of membersOf(from)) {
      const isSecret = this.#hidden.names.has(String(key)) && member;
      const name = typeof key === 'string' ? this.#text(key) : key;
      Object.defineProperty(to, name, {
        value: isSecret ? REDACTED : this.#begin(member),
        configurable: true,
        writable: true,
        enumerable: Object.prototype.propertyIsEnumerable.call(from, key),
      });
    }
    if (types.isMap(from)) {
      for (const [key, member] of from)
        (to as Map<unknown, unknown>).set(this.#begin(key), this.#begin(member));
    }
    if (types.isSet(from)) for (const member of from) (to as Set<unknown>).add(this.#begin(member));
  }

  #text(text: string): string {
    return this.#hidden.texts.reduce((shown, secret) => shown.replaceAll(secret, REDACTED), text);
  }
}

/** The properties that hold a value, non-enumerable ones included, and an error's stack, however it is held. */
function membersOf(value: object): [PropertyKey, unknown][] {
  // The bytes of a buffer are not fields.
  if (ArrayBuffer.isView(value)) return [];
  const members = Reflect.ownKeys(value).flatMap((key): [PropertyKey, unknown][] => {
    if (Array.isArray(value) && key === 'length') return [];
    const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
    return descriptor && 'value' in descriptor && key !== 'stack' ? [[key, descriptor.value]] : [];
  });
  return value instanceof Error ? [...members, ['stack', value.stack]] : members;
}

/** Whether a copy is as good as the original. */
function isSimple(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

function emptyLike(value: object): object | undefined {
  if (Array.isArray(value)) return [];
  if (types.isMap(value)) return new Map();
  if (types.isSet(value)) return new Set();
  // The console recognizes an error by its prototype.
  if (value instanceof Error) return Object.create(Object.getPrototypeOf(value));
  if (types.isProxy(value) || ArrayBuffer.isView(value)) return undefined;
  return {};
}
