import type { InstantNodeError } from '../../errors.ts';
import type { StorageDriver, StorageOptions } from '../contract.ts';

/** The options of `init` as they were given: nothing is known of their values. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** An option of `init` that belongs to some kinds of storage. */
export interface StorageOption {
  readonly name: string;
  /** Throws code `invalid-config` for a value that no kind of storage could take. */
  check?(value: unknown): void;
  /** The error for one that is given beside a storage without it; `kinds` are the names of those that have it. */
  misplaced?(value: unknown, kinds: readonly string[]): InstantNodeError;
}

/** What tells two storages of one kind apart. */
export interface StorageIdentity {
  /** Goes into a digest, as JSON: it may hold secrets. */
  readonly data?: unknown;
  /** A class or an object of the user's, which has no name to tell it by. */
  readonly object?: object;
}

/** A kind of storage: how `init` is asked for it, and how it is opened. `Choice` is what its options say. */
export interface StorageKind<Choice extends object = object> {
  /** What option `storage` is, for messages, and how that is told. Absent where it is the name of the kind. */
  readonly given?: { readonly what: string; matches(value: unknown): boolean };
  /** Its options. Given beside another kind they are refused. */
  readonly options: readonly StorageOption[];
  /** A package that it may need and the user installs, which a test holds `package.json` and the docs to. */
  readonly needs?: string;
  /** Reads its options. Throws code `invalid-config` that names what cannot be used. */
  read(given: GivenOptions): Choice;
  identify(choice: Choice): StorageIdentity;
  /**
   * Opens it. Throws what can be known at once; the rest is told by the calls of the driver. Absent where nothing is
   * written anywhere.
   */
  open?(choice: Choice, options: StorageOptions): StorageDriver;
}
