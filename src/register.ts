import { nodeVersion } from './version.ts';

// One process may load this package more than once: by `import` and by `require`, again under `bun --hot` or a test
// runner that resets modules, or in two versions side by side. The copies find out here what the others have open: a
// list on `globalThis`, under a symbol that every copy can make. It is not enumerable, and exists only while something
// is open. Worker threads and `vm` contexts have a `globalThis` of their own.
//
// The list and its records are frozen and hold no secret, however they are printed. A copy relies only on what its own
// version promises: of another version's records it reads no more than three texts.

/** Something that a copy of this package has open. */
export interface OpenRecord {
  /** The exact version of the copy. */
  readonly version: string;
  /** Where the copy was loaded from. */
  readonly file: string;
  /** Closes what is open. */
  close(): Promise<void>;
}

/** A copy of another version that has something open. */
export interface OtherCopy {
  readonly version: string;
  readonly file: string;
  /** Reads a text of its record's `options`; undefined where there is none. */
  option(name: string): string | undefined;
}

// In a CommonJS bundle `import.meta` is empty, and the file's name is in `__filename`.
const file: string = import.meta.url ?? (typeof __filename === 'string' ? __filename : 'unknown');

/** The fields that every record of this copy begins with. */
export const thisCopy: Pick<OpenRecord, 'version' | 'file'> = { version: nodeVersion, file };

/** What is open in this process, by all copies of this package that share its `globalThis`. */
export class Register<Own extends OpenRecord> {
  readonly #key: symbol;
  /** The records of this copy, which it finds even when the shared list cannot be used. */
  readonly #own: Set<Own> = new Set();

  readonly #isOwn: (record: unknown) => record is Own;

  /** `isOwn` checks that a record bearing the version of this copy really is what this version writes. */
  constructor(name: string, isOwn: (record: unknown) => record is Own) {
    this.#key = Symbol.for(`@instantdb/node ${name}`);
    this.#isOwn = isOwn;
  }

  /** The records of all copies of this version, this one included. */
  get same(): Own[] {
    const isSame = (record: unknown): boolean => textOf(record, 'version') === nodeVersion;
    return [...new Set([...this.#own, ...this.#list().filter(isSame).filter(this.#isOwn)])];
  }

  /** What copies of other versions have open. */
  get others(): OtherCopy[] {
    return this.#list().flatMap((record) => {
      const [version, file] = [textOf(record, 'version'), textOf(record, 'file')];
      if (version === undefined || version === nodeVersion || file === undefined) return [];
      return [{ version, file, option: (name) => textOf(fieldOf(record, 'options'), name) }];
    });
  }

  add(record: Own): void {
    this.#own.add(record);
    this.#set([...this.#list(), record]);
  }

  remove(record: Own): void {
    this.#own.delete(record);
    this.#set(this.#list().filter((each) => each !== record));
  }

  #list(): readonly unknown[] {
    const list = Object.getOwnPropertyDescriptor(globalThis, this.#key)?.value;
    return Array.isArray(list) ? list : [];
  }

  /**
   * Anything there that is not a list is foreign and is left alone. Where nothing can be added to `globalThis`, copies
   * do not find each other.
   */
  #set(list: readonly unknown[]): void {
    const there = Object.getOwnPropertyDescriptor(globalThis, this.#key);
    if (there && !Array.isArray(there.value)) return;
    if (list.length === 0) Reflect.deleteProperty(globalThis, this.#key);
    else {
      const value = Object.freeze([...list]);
      Reflect.defineProperty(globalThis, this.#key, { value, enumerable: false, configurable: true });
    }
  }
}

/** Whether a record has these functions. */
export function hasFunctions(record: unknown, ...names: readonly string[]): boolean {
  return names.every((name) => typeof fieldOf(record, name) === 'function');
}

/** The end of a sentence that says why something of another version is in the way. */
export function whyOtherCopy({ version, file }: OtherCopy): string {
  return `@instantdb/node ${version} at "${file}" has it open in this process, and this is ${nodeVersion} at "${thisCopy.file}"`;
}

function textOf(record: unknown, name: string): string | undefined {
  const value = fieldOf(record, name);
  return typeof value === 'string' ? value : undefined;
}

/** Anything may have been put on `globalThis`, so reading it may throw. */
function fieldOf(record: unknown, name: string): unknown {
  try {
    return (record as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
