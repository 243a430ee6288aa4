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

/** Methods of core's reactor that wait for something which may never come: the HTTP API, or the storage. */
const WAITING = [...HTTP, 'getLocalId', 'getAuth'] as const;

/** Methods of core's reactor that return a promise; once closed, it rejects. */
const ASYNC = ['pushTx', 'pushOps', 'queryOnce', ...WAITING] as const;

/** Methods of core's reactor that work at once; once closed, they throw. */
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

/** What users call the methods that core names otherwise. */
const PUBLIC_NAMES: Partial<Record<Method, string>> = {
  pushTx: 'transact',
  signInWithCustomToken: 'signInWithToken',
  exchangeCodeForToken: 'exchangeOAuthCode',
  deleteFile: 'delete',
  subscribeTable: '_syncTableExperimental',
};

/** A call of a method that has failed. */
export interface FailedCall {
  readonly name: string;
  /** What users call it. */
  readonly publicName: string;
  /** Whether it was one of the HTTP API. */
  readonly isHttp: boolean;
  readonly args: readonly unknown[];
}

/** Makes every method that a user can reach refuse, with the error that `refusal` makes of the method's name. */
export function refuseCalls(reactor: object, refusal: Refusal): void {
  refuseAsyncCalls(reactor, refusal);
  for (const name of SYNC) {
    define(reactor, name, () => {
      throw refusalOf(name, refusal);
    });
  }
}

/** As {@link refuseCalls}, of the methods that return a promise. */
export function refuseAsyncCalls(reactor: object, refusal: Refusal): void {
  for (const name of ASYNC) define(reactor, name, () => Promise.reject(refusalOf(name, refusal)));
}

/**
 * Keeps account of the calls under way that may wait for ever, and passes what they fail with through `told`. Returns
 * what makes all of them reject.
 */
export function trackCalls(
  reactor: Pick<Reactor, (typeof WAITING)[number]>,
  told: (error: unknown, call: FailedCall) => unknown,
): (refusal: Refusal) => void {
  const underWay = new Set<{ name: Method; reject(reason: Error): void }>();
  for (const name of WAITING) {
    const call = reactor[name] as (...args: unknown[]) => Promise<unknown>;
    define(reactor, name, (...args) => {
      // What it throws at once is not under way.
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
