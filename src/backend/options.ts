import { randomBytes } from 'node:crypto';
import { InstantNodeError } from '../errors.ts';
import { hintAt } from '../nearest.ts';
import { isObject } from '../protocol/json.ts';
import { isUuid } from '../protocol/uuid.ts';
import type { BackendLogEntry, RequestEntry } from './app/log-entries.ts';
import type { SignInOptions } from './apps/sign-in-options.ts';
import type { EphemeralLimits } from './ephemeral/quota.ts';
import { BODY_IDLE_MS } from './files/read-body.ts';
import { hostOfOption, originOf } from './http/requests/addresses.ts';

/** Options of a backend. */
export interface BackendOptions {
  /** The address to bind. Default `127.0.0.1`: only this machine reaches it. */
  host?: string;
  /** The port to bind. Default 0: any free one. */
  port?: number;
  /**
   * The token that grants every right in every app: `instant-cli` takes it as `INSTANT_CLI_AUTH_TOKEN`,
   * `@instantdb/platform` as its token. Default: a new one, which is persisted with `data`.
   */
  personalAccessToken?: string;
  /**
   * The folder to persist the apps in, with everything they hold; created if missing. Every transaction is synced to
   * disk before anyone hears of it. One backend at a time uses a folder. Files created in it are readable only by their
   * owner and contain the admin tokens in plain text: anyone who can read the folder can read everything they protect.
   * Default: memory only, lost when the backend is closed.
   */
  data?: string;
  /**
   * Host names by which clients may reach the backend, besides `localhost`, the loopback addresses and `host`: the
   * `Host` of their requests, such as `backend.test`. Requests under any other name are refused, so that no website can
   * reach this machine through a name it controls. When listening on all addresses (`0.0.0.0`, `::`), every name is
   * accepted.
   */
  allowHosts?: readonly string[];
  /**
   * Origins whose pages may make changes under `/dash`, where anyone can create an app, such as `https://example.com`.
   * Default: only those of this machine. A program, which sends no `Origin`, always may.
   */
  allowOrigins?: readonly string[];
  /**
   * Origins of identity providers that every app may use even though they are on this machine or in a private network,
   * such as `http://localhost:8080`. Apps of {@link Backend.createApp} need no entry.
   */
  allowProviders?: readonly string[];
  /**
   * Whether anyone who reaches the backend may create apps that last 15 days, as on an Instant server, and the limits
   * on these. Default: allowed, within the default limits of {@link EphemeralAppOptions}.
   */
  ephemeralApps?: boolean | EphemeralAppOptions;
  /** The largest file accepted, in bytes. Default 256 MiB, or 5 GiB with `data`. */
  maxFileBytes?: number;
  /**
   * How many sessions whose `init` has not been accepted yet may be open at once, over all clients. Further ones are
   * refused with status 503. Default 2,000.
   */
  maxNewcomers?: number;
  /** How many of these may come from one address outside this machine. Default 256. */
  maxNewcomersPerAddress?: number;
  /** How long a session may go without an accepted `init`, in milliseconds, before it is closed. Default 30 s. */
  initTimeoutMs?: number;
  /**
   * How long a request may fall silent in the middle of its body, in milliseconds, before it is answered with status
   * 408. A whole body may take ten times as long, plus one second for each 64 KiB. Default 30 s.
   */
  bodyIdleMs?: number;
  /**
   * How long live queries run in one go after a transaction, in milliseconds, before other work that has arrived gets
   * its turn; 0 runs one query at a time. Default 10 ms.
   */
  sliceMs?: number;
  /** The clock, in epoch milliseconds; creation times of entities come from it. Default `Date.now`. */
  now?: () => number;
  /**
   * Receives log entries for the operator. Default: failures go to `console.error`, warnings to `console.warn`, the
   * rest nowhere.
   */
  log?: (entry: BackendLogEntry) => void;
  /** Called for every request. What it throws is logged. Default: none, and nothing is measured. */
  onRequest?: (entry: RequestEntry) => void;
}

/** Limits on all ephemeral apps together. */
export interface EphemeralAppOptions {
  /** How many may exist at once. Default 1,000. */
  maxApps?: number;
  /** How much they may hold, including files and streams, in bytes. Default 256 MiB. */
  maxBytes?: number;
}

/** Options of a new app. */
export interface CreateAppOptions {
  /** The id, a UUID. Default: a new one. */
  id?: string;
  /** The title, for display. Default `Local app`. */
  title?: string;
  /**
   * The result of `i.schema`, or the same as JSON: its attributes exist from the start, and their types are checked.
   */
  schema?: unknown;
  /**
   * The permission rules, as in `instant.perms.ts`. Default: none, which allows everyone everything except uploading
   * files.
   */
  rules?: unknown;
  /** How its users can sign in, besides magic codes and as guests. */
  signIn?: SignInOptions;
}

/** Options of a backend with all defaults filled in. */
export type ResolvedBackendOptions = Required<
  Omit<BackendOptions, 'data' | 'ephemeralApps' | 'onRequest'>
> & {
  ephemeralApps: EphemeralLimits;
  data: string | undefined;
  onRequest: ((entry: RequestEntry) => void) | undefined;
};

const MIB = 1024 * 1024;

interface Check {
  holds(value: unknown): boolean;
  wants: string;
  /** Set to keep the value out of error messages. */
  isSecret?: true;
}
type Checks<Options> = { [Name in keyof Options]-?: Check };

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
const isToken = (value: unknown): boolean => typeof value === 'string' && /^\S{16,}$/.test(value);
const isSchema = (value: unknown): boolean => isObject(value) && 'entities' in value;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;
const isListOf =
  (read: (text: string) => unknown) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && read(item) !== undefined);
const isDuration = (value: unknown): boolean => typeof value === 'number' && value >= 0;
// A timer with a longer delay would fire at once.
const isDelay = (value: unknown): boolean => isCount(value) && Number(value) < 2 ** 31;
const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

const BACKEND_CHECKS: Checks<BackendOptions> = {
  host: { holds: isText, wants: 'a host name or an IP address' },
  port: { holds: isPort, wants: 'an integer from 0 to 65535' },
  personalAccessToken: {
    holds: isToken,
    wants: 'a text of 16 characters or more, without white space',
    isSecret: true,
  },
  data: { holds: isText, wants: 'the path of a folder' },
  allowHosts: {
    holds: isListOf(hostOfOption),
    wants: 'an array of host names or IP addresses, without a port',
  },
  allowOrigins: { holds: isListOf(originOf), wants: 'an array of origins, such as "https://example.com"' },
  allowProviders: {
    holds: isListOf(originOf),
    wants: 'an array of origins, such as "http://localhost:8080"',
  },
  ephemeralApps: {
    holds: (value) => typeof value === 'boolean' || isObject(value),
    wants: 'true, false, or an object with maxApps and maxBytes',
  },
  maxFileBytes: { holds: isCount, wants: 'a positive integer' },
  maxNewcomers: { holds: isCount, wants: 'a positive integer' },
  maxNewcomersPerAddress: { holds: isCount, wants: 'a positive integer' },
  initTimeoutMs: { holds: isDelay, wants: 'milliseconds, from 1 to 2147483647' },
  bodyIdleMs: { holds: isDelay, wants: 'milliseconds, from 1 to 2147483647' },
  sliceMs: { holds: isDuration, wants: 'milliseconds, 0 or more' },
  now: { holds: isFunction, wants: 'a function' },
  log: { holds: isFunction, wants: 'a function' },
  onRequest: { holds: isFunction, wants: 'a function' },
};

const EPHEMERAL_CHECKS: Checks<EphemeralAppOptions> = {
  maxApps: { holds: isCount, wants: 'a positive integer' },
  maxBytes: { holds: isCount, wants: 'a positive integer' },
};

const APP_CHECKS: Checks<CreateAppOptions> = {
  id: { holds: isUuid, wants: 'a UUID' },
  title: { holds: isText, wants: 'a text that is not blank' },
  schema: { holds: isSchema, wants: 'what i.schema() returns, or the same as JSON' },
  rules: { holds: isObject, wants: 'permission rules, as in instant.perms.ts' },
  signIn: { holds: isObject, wants: 'an object, see SignInOptions' },
};

/** @throws {InstantNodeError} `invalid-config` that names the unusable option. */
export function resolveBackendOptions(options: BackendOptions): ResolvedBackendOptions {
  check('startBackend', options, BACKEND_CHECKS);
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    personalAccessToken: options.personalAccessToken ?? `per_${randomBytes(32).toString('hex')}`,
    data: options.data,
    allowHosts: (options.allowHosts ?? []).flatMap((name) => hostOfOption(name) ?? []),
    allowOrigins: (options.allowOrigins ?? []).flatMap((origin) => originOf(origin) ?? []),
    allowProviders: (options.allowProviders ?? []).flatMap((origin) => originOf(origin) ?? []),
    ephemeralApps: ephemeralLimits(options.ephemeralApps ?? true),
    maxFileBytes: options.maxFileBytes ?? (options.data === undefined ? 256 * MIB : 5 * 1024 * MIB),
    maxNewcomers: options.maxNewcomers ?? 2_000,
    maxNewcomersPerAddress: options.maxNewcomersPerAddress ?? 256,
    initTimeoutMs: options.initTimeoutMs ?? 30_000,
    bodyIdleMs: options.bodyIdleMs ?? BODY_IDLE_MS,
    sliceMs: options.sliceMs ?? 10,
    now: options.now ?? Date.now,
    log: options.log ?? logTrouble,
    onRequest: options.onRequest,
  };
}

/** @throws {InstantNodeError} `invalid-config` that names the unusable option. */
export function checkCreateAppOptions(options: CreateAppOptions): void {
  check('createApp', options, APP_CHECKS);
}

function ephemeralLimits(options: boolean | EphemeralAppOptions): EphemeralLimits {
  const given = typeof options === 'boolean' ? {} : options;
  check('option "ephemeralApps" of startBackend', given, EPHEMERAL_CHECKS);
  return {
    enabled: options !== false,
    maxApps: given.maxApps ?? 1_000,
    maxBytes: given.maxBytes ?? 256 * MIB,
  };
}

function check<Options extends object>(call: string, options: Options, checks: Checks<Options>): void {
  if (!isObject(options)) {
    throw new InstantNodeError('invalid-config', `Cannot use the options of ${call}: expected an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      const hint = hintAt(name, Object.keys(checks));
      throw new InstantNodeError('invalid-config', `Cannot use option "${name}" of ${call}: there is none`, {
        hint,
      });
    }
    if (value === undefined) continue;
    const { holds, wants, isSecret } = checks[name as keyof Options];
    if (!holds(value)) {
      const got = isSecret ? '' : `got ${shown(value)}, `;
      const message = `Cannot use option "${name}" of ${call}: ${got}wanted ${wants}`;
      throw new InstantNodeError('invalid-config', message);
    }
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function logTrouble({ level, message, error }: BackendLogEntry): void {
  if (level === 'warning') console.warn(`@instantdb/node backend: ${message}`);
  if (level === 'error') console.error(`@instantdb/node backend: ${message}`, error);
}
