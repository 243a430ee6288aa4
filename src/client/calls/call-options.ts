import {
  type CheckMagicCodeParams,
  type CreateReadStreamOpts,
  type CreateWriteStreamOpts,
  type ExchangeCodeForTokenParams,
  type FileOpts,
  getOps,
  type InstaQLOptions,
  type SendMagicCodeParams,
  type SignInAsGuestParams,
  type SignInWithIdTokenParams,
} from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import { hintAt, nearest } from '../../nearest.ts';
import type { QueryOnceOptions } from '../queries/query-once.ts';
import type { PresenceOptions } from '../rooms/presence-slice.ts';

/** The names of a method's options. The record makes the compiler demand new ones here. */
function namesOf<Options>(names: Record<keyof Options, true>): readonly string[] {
  return Object.keys(names);
}

/** How a method takes its options. */
interface Taking {
  /** The index of the argument that holds them. */
  readonly at: number;
  readonly names: readonly string[];
  /** Whether other names are allowed: such a record often comes straight from a form, and core reads what it needs. */
  readonly isRecord?: true;
  /** Whether the method fails by rejecting. */
  readonly rejects?: true;
}

/** What core reads from these according to its sources, but not its exported types. */
interface SignOutOptions {
  invalidateToken: unknown;
}
interface AuthorizationOptions {
  clientName: unknown;
  redirectURL: unknown;
  extraFields: unknown;
}

const presence = namesOf<PresenceOptions>({
  user: true,
  peers: true,
  keys: true,
  initialPresence: true,
  initialData: true,
});

const record = (names: readonly string[]): Taking => ({ at: 0, names, isRecord: true, rejects: true });

/** Every method of core's reactor that takes options from users, under its public name. */
const METHODS: Record<string, Taking & { reactorName?: string }> = {
  queryOnce: {
    at: 1,
    names: namesOf<QueryOnceOptions>({ ruleParams: true, timeoutMs: true, signal: true }),
  },
  subscribeQuery: { at: 2, names: namesOf<InstaQLOptions>({ ruleParams: true }) },
  subscribePresence: { at: 2, names: presence },
  getPresence: { at: 2, names: presence },
  createReadStream: {
    at: 0,
    names: namesOf<CreateReadStreamOpts>({
      clientId: true,
      streamId: true,
      byteOffset: true,
      ruleParams: true,
    }),
  },
  createWriteStream: {
    at: 0,
    names: namesOf<CreateWriteStreamOpts>({ clientId: true, waitUntil: true, ruleParams: true }),
  },
  uploadFile: {
    at: 2,
    names: namesOf<FileOpts>({ contentType: true, contentDisposition: true, fileSize: true }),
    rejects: true,
  },
  // May be used as an event handler itself, and then gets an event, which has a field on Bun.
  signOut: record(namesOf<SignOutOptions>({ invalidateToken: true })),
  sendMagicCode: record(namesOf<SendMagicCodeParams>({ email: true })),
  signInWithMagicCode: record(
    namesOf<CheckMagicCodeParams>({ email: true, code: true, refreshToken: true, extraFields: true }),
  ),
  signInAsGuest: record(namesOf<SignInAsGuestParams>({ extraFields: true })),
  signInWithIdToken: record(
    namesOf<SignInWithIdTokenParams>({
      idToken: true,
      clientName: true,
      nonce: true,
      refreshToken: true,
      extraFields: true,
    }),
  ),
  exchangeOAuthCode: {
    ...record(
      namesOf<ExchangeCodeForTokenParams>({
        code: true,
        codeVerifier: true,
        refreshToken: true,
        extraFields: true,
      }),
    ),
    reactorName: 'exchangeCodeForToken',
  },
  createAuthorizationURL: {
    at: 0,
    names: namesOf<AuthorizationOptions>({ clientName: true, redirectURL: true, extraFields: true }),
    isRecord: true,
  },
};

/** The options of a step, for `update` and `merge`. */
const STEP_OPTIONS: readonly string[] = ['upsert'];

/**
 * Makes the methods of core's reactor and database refuse options they do not have. Core ignores them, so a misspelt
 * name is a limit that does not hold, or a parameter that no rule sees.
 */
export function refuseUnknownOptions(reactor: object, database: object): void {
  for (const [method, { reactorName = method, ...taking }] of Object.entries(METHODS)) {
    guard(reactor, reactorName, taking.rejects === true, (args) => {
      assertKnown(method, args[taking.at], taking);
    });
  }
  guard(reactor, 'pushTx', true, ([chunks]) => assertStepOptions(chunks));
  // The reactor only gets the presence.
  guard(database, 'joinRoom', false, ([, , options]) =>
    assertOptions('joinRoom', options, ['initialPresence']),
  );
}

/**
 * @throws {InstantNodeError} `invalid-config`, naming the first of `options` that `method` does not have and the name
 * that was most likely meant.
 */
export function assertOptions(method: string, options: unknown, names: readonly string[]): void {
  assertKnown(method, options, { names });
}

function assertKnown(
  method: string,
  options: unknown,
  { names, isRecord }: Pick<Taking, 'names' | 'isRecord'>,
): void {
  if (typeof options !== 'object' || options === null) return;
  for (const name of Object.keys(options)) {
    if (names.includes(name) || (isRecord && isSomethingElse(name, names, options))) continue;
    throw new InstantNodeError('invalid-config', `Cannot call ${method}(): there is no option "${name}"`, {
      hint: hintAt(name, names),
    });
  }
}

/** Whether no known name is close, or the close one is given as well. */
function isSomethingElse(name: string, names: readonly string[], options: object): boolean {
  const meant = nearest(name, names);
  return meant === undefined || Object.hasOwn(options, meant);
}

function assertStepOptions(chunks: unknown): void {
  for (const chunk of Array.isArray(chunks) ? chunks : [chunks]) {
    const steps: unknown = getOps(Object(chunk));
    if (!Array.isArray(steps)) continue;
    // Anything that is not a step is left for core to refuse.
    for (const step of steps.filter(Array.isArray)) assertOptions(String(step[0]), step[4], STEP_OPTIONS);
  }
}

function guard(owner: object, name: string, rejects: boolean, assert: (args: unknown[]) => void): void {
  const call = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
  const value = (...args: unknown[]): unknown => {
    try {
      assert(args);
    } catch (error) {
      if (rejects) return Promise.reject(error);
      throw error;
    }
    return call.apply(owner, args);
  };
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
}
