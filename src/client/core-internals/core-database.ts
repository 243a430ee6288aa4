import type { InstantCoreDatabase } from '@instantdb/core';
import type { Whys } from './whys.ts';

/** Why members of core's `InstantCoreDatabase` matter here; read only by a test. Documented members are left out. */
export const databaseWhys: Whys<keyof InstantCoreDatabase<never> | 'constructor'> = {
  constructor: 'called: makes `auth`, `storage` and `streams` over the reactor',
  _reactor: 'read: the reactor of a database that is open, also by who has another copy of core',
  subscribeInfiniteQuery: 'overridden, and called on a stand-in that has `subscribeQuery` alone',
  joinRoom: 'wrapped: hands the presence alone to the reactor',
  shutdown: 'overridden: ends the reactor at once',
};

/** Why members of core's `Deferred` matter here; read only by a test. */
export const deferredWhys: Whys<'promise' | 'resolve' | 'reject'> = {
  promise: 'stood in for: what `queryOnce` and `transact` return',
  resolve: 'stood in for: core calls it on ours, as a method',
  reject: 'stood in for: core calls it on ours, as a method',
};

/** The reactor of a database, even one made by another copy of core. */
export function reactorOf(database: object): unknown {
  return (database as InstantCoreDatabase<never>)._reactor;
}
