import type { InstantNodeError } from '../../errors.ts';
import type { StorageDriver, StorageOptions } from '../contract.ts';

/** The options of `init` as given, with values of any type. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** An option of `init` that only some kinds of storage have. */
export interface StorageOption {
  readonly name: string;
  /** Throws code `invalid-config` for a value that no kind of storage accepts. */
  check?(value: unknown): void;
  /** The error when it is given with a storage that does not have it; `kinds` are the names of those that do. */
  misplaced?(value: unknown, kinds: readonly string[]): InstantNodeError;
}

/** What distinguishes two storages of one kind. */
export interface StorageIdentity {
  /** Goes into a digest, as JSON, because it may hold secrets. */
  readonly data?: unknown;
  /** A class or an object of the user's, identified by reference because it has no name. */
  readonly object?: object;
}

/** A kind of storage: how `init` is asked for it, and how it is opened. `Choice` holds its options. */
export interface StorageKind<Choice extends object = object> {
  /** What option `storage` must be: in words, for messages, and as a test. Absent when it is the name of the kind. */
  readonly given?: { readonly what: string; matches(value: unknown): boolean };
  /** Its options. They are refused with any other kind. */
  readonly options: readonly StorageOption[];
  /** A package that it may need and the user installs; a test checks `package.json` and the docs for it. */
  readonly needs?: string;
  /** Reads its options. Throws code `invalid-config`, naming what cannot be used. */
  read(given: GivenOptions): Choice;
  identify(choice: Choice): StorageIdentity;
  /**
   * Opens it. Throws what can be known at once; any other failure is reported by the driver's calls. Absent if nothing
   * is written anywhere.
   */
  open?(choice: Choice, options: StorageOptions): StorageDriver;
}
