import { attrsStoreWhys } from './core-internals/attrs-store.ts';
import { sseConnectionWhys, wsConnectionWhys } from './core-internals/core-connections.ts';
import { databaseWhys, deferredWhys } from './core-internals/core-database.ts';
import { reactorWhys } from './core-internals/core-reactor.ts';
import { instantStreamWhys, streamIteratorWhys } from './core-internals/instant-stream.ts';
import { functionWhys } from './core-internals/module-functions.ts';
import { persistedObjectWhys } from './core-internals/persisted-object.ts';
import { syncTableWhys } from './core-internals/sync-table.ts';
import type { Whys } from './core-internals/whys.ts';

/** A class of core, and which of its members matter here. */
interface CoreClass {
  /** Its file among the ES modules that core ships. */
  readonly module: string;
  readonly members: Whys<string>;
}

/**
 * Every member that core does not document and this package overrides, calls, reads, writes or relies on, by class.
 * `core-internals.test.ts` keeps a hash of each one's text and names those that a new version of core has changed: read
 * their bodies again, and check them against the reason given here.
 *
 * The folder of the same name holds the types of each class, and functions that give its members names the rest of the
 * client understands. Only that folder and the class over core's `Reactor` name these members.
 */
export const coreClasses: Readonly<Record<string, CoreClass>> = {
  Reactor: { module: 'Reactor.js', members: reactorWhys },
  PersistedObject: { module: 'utils/PersistedObject.js', members: persistedObjectWhys },
  SyncTable: { module: 'SyncTable.js', members: syncTableWhys },
  InstantStream: { module: 'Stream.js', members: instantStreamWhys },
  StreamIterator: { module: 'Stream.js', members: streamIteratorWhys },
  SSEConnection: { module: 'Connection.js', members: sseConnectionWhys },
  WSConnection: { module: 'Connection.js', members: wsConnectionWhys },
  AttrsStoreClass: { module: 'store.js', members: attrsStoreWhys },
  InstantCoreDatabase: { module: 'index.js', members: databaseWhys },
  Deferred: { module: 'utils/Deferred.js', members: deferredWhys },
};

/** The same for functions that core's modules do not export, by module. */
export const coreFunctions: Readonly<Record<string, Whys<string>>> = functionWhys;
