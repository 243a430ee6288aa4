import { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';
import { isUuid } from '../protocol/uuid.ts';

/** What the backend tells its operator. Holds no token and no stored value of its own accord. */
export interface BackendLogEntry {
  readonly level: 'info' | 'error';
  readonly message: string;
  /** What went wrong, for a failure. */
  readonly error?: unknown;
}

/** How to start a backend. */
export interface BackendOptions {
  /** The address to bind. Default `127.0.0.1`: only this machine reaches it. */
  host?: string;
  /** The port to bind. Default 0: any free one. */
  port?: number;
  /** The clock, in epoch milliseconds: what entities get as their creation time. Default `Date.now`. */
  now?: () => number;
  /** Receives what the operator should know. Default: failures go to `console.error`, the rest nowhere. */
  log?: (entry: BackendLogEntry) => void;
}

/** How to create an app. */
export interface CreateAppOptions {
  /** The id, a UUID. Default: a new one. */
  id?: string;
  /** The title, for people. Default `Local app`. */
  title?: string;
  /** What `i.schema` gives, or the same as JSON: its attributes are there from the start, and their types are checked. */
  schema?: unknown;
}

/** Options of a backend with nothing left open. */
export type ResolvedBackendOptions = Required<BackendOptions>;

type Checks<Options> = { [Name in keyof Options]-?: { holds(value: unknown): boolean; wants: string } };

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

const BACKEND_CHECKS: Checks<BackendOptions> = {
  host: { holds: isText, wants: 'a host name or an IP address' },
  port: { holds: isPort, wants: 'an integer from 0 to 65535' },
  now: { holds: isFunction, wants: 'a function' },
  log: { holds: isFunction, wants: 'a function' },
};

const APP_CHECKS: Checks<CreateAppOptions> = {
  id: { holds: isUuid, wants: 'a UUID' },
  title: { holds: isText, wants: 'a text that is not blank' },
  schema: { holds: isObject, wants: 'what i.schema() returns, or the same as JSON' },
};

/** @throws {InstantNodeError} `invalid-config` that names the option that cannot be used. */
export function resolveBackendOptions(options: BackendOptions): ResolvedBackendOptions {
  check('startBackend', options, BACKEND_CHECKS);
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    now: options.now ?? Date.now,
    log: options.log ?? logFailures,
  };
}

/** @throws {InstantNodeError} `invalid-config` that names the option that cannot be used. */
export function checkCreateAppOptions(options: CreateAppOptions): void {
  check('createApp', options, APP_CHECKS);
}

function check<Options extends object>(call: string, options: Options, checks: Checks<Options>): void {
  if (!isObject(options)) {
    throw new InstantNodeError('invalid-config', `Cannot use the options of ${call}: expected an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(checks, name)) {
      const hint = `The options are ${Object.keys(checks).join(', ')}`;
      throw new InstantNodeError('invalid-config', `Cannot use option "${name}" of ${call}: there is none`, {
        hint,
      });
    }
    const { holds, wants } = checks[name as keyof Options];
    if (!holds(value)) {
      const message = `Cannot use option "${name}" of ${call}: got ${shown(value)}, wanted ${wants}`;
      throw new InstantNodeError('invalid-config', message);
    }
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function logFailures({ level, message, error }: BackendLogEntry): void {
  if (level === 'error') console.error(`@instantdb/node backend: ${message}`, error);
}
