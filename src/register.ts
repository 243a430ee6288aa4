import { nodeVersion } from './version.ts';

// One process may load this package more than once: by `import` and by `require`, anew by `bun --hot` or a test runner that
// resets modules, in another version beside it. What one copy has open the others find here: in a list on `globalThis`, under
// a symbol that every copy makes, which is not enumerable and is there only as long as something is open. A worker thread and a
// `vm` context have a `globalThis` of their own.
//
// The list and what is in it are frozen, and hold nothing secret, however they are printed. Only what each version promises
// of its own is relied upon: of another version's records no more than three texts are read.

/** Something that a copy of this package has open. */
export interface OpenRecord {
  /** The version of the copy, exactly. */
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

// Where bundlers make CommonJS of it, `import.meta` is empty, and the file is known by another name.
const file: string = import.meta.url ?? (typeof __filename === 'string' ? __filename : 'unknown');

/** What the record of this copy begins with. */
export const thisCopy: Pick<OpenRecord, 'version' | 'file'> = { version: nodeVersion, file };

/** What is open in this process, by all copies of this package that share its `globalThis`. */
export class Register<Own extends OpenRecord> {
  readonly #key: symbol;
  /** Those of this copy, which are found in any case. */
  readonly #own: Set<Own> = new Set();

  readonly #isOwn: (record: unknown) => record is Own;

  /** `isOwn`: whether what bears the version of this copy is what this version puts there. */
  constructor(name: string, isOwn: (record: unknown) => record is Own) {
    this.#key = Symbol.for(`@instantdb/node ${name}`);
    this.#isOwn = isOwn;
  }

  /** Records of copies of this version, this one's among them. */
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

  /** What is no list is somebody else's and stays; where nothing can be added, copies do not find each other. */
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

/** As a sentence's end, why something of another version is in the way. */
export function whyOtherCopy({ version, file }: OtherCopy): string {
  return `@instantdb/node ${version} at "${file}" has it open in this process, and this is ${nodeVersion} at "${thisCopy.file}"`;
}

function textOf(record: unknown, name: string): string | undefined {
  const value = fieldOf(record, name);
  return typeof value === 'string' ? value : undefined;
}

/** Of whatever somebody else may have put there. */
function fieldOf(record: unknown, name: string): unknown {
  try {
    return (record as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
