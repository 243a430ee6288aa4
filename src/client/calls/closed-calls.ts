import type { Reactor } from '@instantdb/core';
import { deferred } from '../timing/deferred.ts';

/** Methods of core's reactor that call the HTTP API, which may take its time. */
const HTTP = [
  'sendMagicCode',
  'signInWithMagicCode',
  'signInWithCustomToken',
  'signInAsGuest',
  'signInWithIdToken',
  'exchangeCodeForToken',
  'signOut',
  'uploadFile',
  'deleteFile',
  'upload',
  'getDownloadUrl',
] as const;

/** Methods of core's reactor that wait for something that may never come: the HTTP API, or the storage. */
const WAITING = [...HTTP, 'getLocalId', 'getAuth'] as const;

/** Methods of core's reactor that return a promise; once closed, it rejects. */
const ASYNC = ['pushTx', 'pushOps', 'queryOnce', ...WAITING] as const;

/** Synchronous methods of core's reactor; once closed, they throw. */
const SYNC = [
  'subscribeQuery',
  'subscribeTable',
  'subscribeAuth',
  'subscribeConnectionStatus',
  'subscribeAppStatus',
  'joinRoom',
  'subscribePresence',
  'subscribeTopic',
  'publishTopic',
  'publishPresence',
  'getPresence',
  'createWriteStream',
  'createReadStream',
  'createAuthorizationURL',
] as const;

type Method = (typeof ASYNC | typeof SYNC)[number];
type Refusal = (method: string) => Error;

/** Public names of the methods that core's reactor calls something else. */
const PUBLIC_NAMES: Partial<Record<Method, string>> = {
  pushTx: 'transact',
  signInWithCustomToken: 'signInWithToken',
  exchangeCodeForToken: 'exchangeOAuthCode',
  deleteFile: 'delete',
  subscribeTable: '_syncTableExperimental',
};

/** A failed call of a method. */
export interface FailedCall {
  readonly name: string;
  /** The name by which users call it. */
  readonly publicName: string;
  /** Whether it called the HTTP API. */
  readonly isHttp: boolean;
  readonly args: readonly unknown[];
}

/** Makes every method that a user can reach fail, with the error that `refusal` makes from the method's name. */
export function refuseCalls(reactor: object, refusal: Refusal): void {
  refuseAsyncCalls(reactor, refusal);
  for (const name of SYNC) {
    define(reactor, name, () => {
      throw refusalOf(name, refusal);
    });
  }
}

/** As {@link refuseCalls}, but only for the methods that return a promise. */
export function refuseAsyncCalls(reactor: object, refusal: Refusal): void {
  for (const name of ASYNC) define(reactor, name, () => Promise.reject(refusalOf(name, refusal)));
}

/**
 * Tracks the calls in flight that may wait forever, and passes their errors through `told`. Returns a function that
 * rejects them all.
 */
export function trackCalls(
  reactor: Pick<Reactor, (typeof WAITING)[number]>,
  told: (error: unknown, call: FailedCall) => unknown,
): (refusal: Refusal) => void {
  const underWay = new Set<{ name: Method; reject(reason: Error): void }>();
  for (const name of WAITING) {
    const call = reactor[name] as (...args: unknown[]) => Promise<unknown>;
    define(reactor, name, (...args) => {
      // A call that throws is not in flight.
      const answer = call.apply(reactor, args);
      const { promise, resolve, reject } = deferred<unknown>();
      const entry = { name, reject };
      underWay.add(entry);
      answer
        .then(resolve, (error: unknown) =>
          reject(told(error, { name, publicName: publicNameOf(name), isHttp: isHttp(name), args }) as Error),
        )
        .finally(() => underWay.delete(entry));
      return promise;
    });
  }
  return (refusal) => {
    for (const { name, reject } of underWay) reject(refusalOf(name, refusal));
  };
}

function refusalOf(name: Method, refusal: Refusal): Error {
  return refusal(publicNameOf(name));
}

function isHttp(name: Method): boolean {
  return (HTTP as readonly Method[]).includes(name);
}

function publicNameOf(name: Method): string {
  return PUBLIC_NAMES[name] ?? name;
}

function define(reactor: object, name: Method, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(reactor, name, { value, configurable: true, writable: true });
}
