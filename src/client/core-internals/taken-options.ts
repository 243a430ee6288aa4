import type { InstantCoreDatabase, Reactor } from '@instantdb/core';

/** Where core keeps options that it takes out of its config when it is made, and does not look at there again. */
const TAKEN = {
  WritableStream: (reactor: Reactor, value: unknown) =>
    Object.assign(reactor._instantStream, { WStream: value }),
  ReadableStream: (reactor: Reactor, value: unknown) =>
    Object.assign(reactor._instantStream, { RStream: value }),
  pendingTxCleanupTimeout: (reactor: Reactor, ms: unknown) => {
    reactor._pendingTxCleanupTimeout = ms;
  },
  pendingMutationCleanupThreshold: (reactor: Reactor, count: unknown) => {
    reactor._pendingMutationCleanupThreshold = count;
  },
};

/** Has core go by another value of an option that it has taken. */
export function changeTaken(reactor: object, name: keyof typeof TAKEN, value: unknown): void {
  TAKEN[name](reactor as Reactor, value);
}

/** The reactor of a database. */
export function reactorOf(database: object): unknown {
  return (database as InstantCoreDatabase<never>)._reactor;
}
