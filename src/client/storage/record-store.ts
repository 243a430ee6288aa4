import type { StoreInterfaceStoreName } from '@instantdb/core';
import type { BatchLimit } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';

/** What records are sorted by: core's three stores, and the queue of pending writes. */
export type StoreName = StoreInterfaceStoreName | 'writes';

/** A value that is already serialized. */
export class Json {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** One change of a batch: a value or its {@link Json} to store under a key, or undefined to forget the key. */
export type RecordChange = readonly [store: StoreName, key: string, value: unknown];

/** A value with its key. */
export type RecordEntry = readonly [key: string, value: unknown];

/**
 * What a database stores, as JSON values: the one place where the client meets its storage, of whatever kind.
 *
 * Every call waits until the storage is open, and rejects with the reason when it cannot be opened.
 */
export interface RecordStore {
  /** Whether it outlives the process. */
  readonly durable: boolean;
  /**
   * How to split changes that do not depend on each other. Undefined where each call costs as much as everything
   * stored, and takes values as they are.
   */
  readonly maxBatch: BatchLimit | undefined;
  /**
   * Resolves once the storage can be read. Rejects with code `storage` or `storage-locked`: a wrong key, a version that
   * is newer than this package, another process.
   */
  readonly opened: Promise<void>;
  /** The value under `key`, or null. One that is damaged is set aside, reported, and null. */
  read(store: StoreName, key: string): Promise<unknown>;
  /**
   * Every value of a store as `read` returns it, some at a time, in no particular order; present where that costs less.
   * One may occur twice.
   */
  entries?(store: StoreName): AsyncIterable<readonly RecordEntry[]>;
  /** Stores all of `changes`, in order, or none of them. Durable ones are on disk when it resolves. */
  write(changes: readonly RecordChange[]): Promise<void>;
  /** The keys of a store. */
  keys(store: StoreName): Promise<string[]>;
  /** Releases the storage. Later calls reject. Can be called again. */
  dispose(): Promise<void>;
}

/** Why a call after `dispose` is refused. */
export function closedStoreError(storage: string): InstantNodeError {
  return new InstantNodeError('storage', `Cannot use storage "${storage}": it is closed`);
}

/** One name for each record of all stores. */
export function recordName(store: StoreName, key: string): string {
  return `${store}:${key}`;
}

/** A record's name in messages. */
export function describeRecord(store: string, key: string): string {
  return `${JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key)} of "${store}"`;
}
