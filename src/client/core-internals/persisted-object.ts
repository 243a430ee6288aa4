import type { Whys } from './whys.ts';

/** What core's list says about a stored entry. */
export interface ListedEntry {
  createdAt: number;
  updatedAt: number;
  size: number;
}

/**
 * Core's `PersistedObject`, most of which it declares private: entries that save themselves a moment after each change.
 * `kv`, `querySubs` and the sync tables are three of them.
 */
export interface PersistedObject<Value = unknown> {
  currentValue: Record<string, Value>;
  _version: number;
  readonly _pendingSaveKeys: Set<string>;
  readonly _loadedKeys: Set<string>;
  readonly _meta: { readonly value: { objects: Record<string, ListedEntry> } | null };
  readonly _persister: { getAllKeys(): Promise<string[]> };
  _gcOpts: { maxEntries: number };
  _nextSave: NodeJS.Timeout | null;
  _nextGc: NodeJS.Timeout | null;
  onKeyLoaded: (key: string) => void;
  parse(key: string, stored: unknown): unknown;
  serialize(key: string, held: unknown): unknown;
  waitForMetaToLoad(): Promise<unknown>;
  unloadKey(key: string): void;
  clearUnloadedKeys(): Promise<void>;
  updateInPlace(change: (entries: Record<string, Value>) => unknown): Record<string, Value>;
  flush(): Promise<unknown>;
  gc(): void;
  _loadKey(key: string): unknown;
  _writeToStorage(options?: object): Promise<number>;
  _enqueuePersist(options?: object): Promise<number>;
}

type ReliedUpon =
  | 'constructor'
  | 'version'
  | 'waitForKeyToLoad'
  | '_initMeta'
  | '_getMeta'
  | '_refreshMeta'
  | '_preloadEntries'
  | '_getFromStorage'
  | '_merge'
  | '_loadingKeys'
  | '_gc';

/** Why members of core's `PersistedObject` matter here; read only by a test. */
export const persistedObjectWhys: Required<Whys<keyof PersistedObject | ReliedUpon>> = {
  constructor: 'relied upon: begins to read the list and, of answers, the ten that were used last',
  currentValue: 'read and written: the entries that are in memory',
  _version: 'read and written: what was made of entries is good as long as it stays',
  version: 'called: the same',
  _pendingSaveKeys: 'read and written: what the next save writes, or removes where it is not in memory',
  _loadedKeys: 'read: what was read; nothing else is written',
  _loadingKeys: 'relied upon: what is being read; taken out by `unloadKey`',
  _meta: 'read and written: the list of what is stored, and when each was used',
  _persister: 'read: the keys of what is stored',
  _merge: 'relied upon: an entry in memory is kept when the stored one comes',
  _gcOpts: 'written: the limit of answers is ours',
  _nextSave: 'read and written: the timer of the next save',
  _nextGc: 'read and written: the timer of the next collection',
  onKeyLoaded: 'replaced: tells when an entry was read',
  parse: 'replaced: makes what is held of what is stored',
  serialize: 'replaced: makes what is stored of what is held',
  waitForKeyToLoad: 'called: an entry, read if it was not yet',
  waitForMetaToLoad: 'called: never resolves when the storage cannot be read',
  _initMeta: 'relied upon: what was listed in memory stays when the list comes',
  _getMeta: 'relied upon: what `waitForMetaToLoad` does',
  _refreshMeta: 'relied upon: the list is the same object for us until it is read anew',
  _preloadEntries: 'relied upon: reads answers that nobody asked for, which we forget again',
  _getFromStorage: 'relied upon: a stored entry that cannot be parsed is none',
  _loadKey: 'called: reads an entry that is to be saved',
  unloadKey: 'replaced and called: takes an entry out of memory, and nothing else',
  clearUnloadedKeys: 'called: forgets what is stored and not in memory',
  updateInPlace: 'replaced: drafts all entries, and takes `__proto__` of a value for its prototype',
  _enqueuePersist: 'replaced and called: begins the timer of the next save',
  _writeToStorage: 'replaced: saves, after the list is there; it has done its part when it returns',
  flush: 'called: saves now what the timer would save',
  gc: 'replaced: begins the timer of the next collection',
  _gc: 'relied upon: leaves what is in memory; goes by `_gcOpts`',
};
