import { isDeepStrictEqual } from 'node:util';
import { InstantNodeError } from '../errors.ts';
import { hasFunctions, type OpenRecord, Register, thisCopy, whyOtherCopy } from '../register.ts';
import type { Backend } from './backend.ts';
import type { BackendOptions, ResolvedBackendOptions } from './options.ts';

/** The options of a running backend. Those in `live` are functions and can be replaced later. */
export interface RunningOptions {
  readonly resolved: ResolvedBackendOptions;
  readonly live: Pick<ResolvedBackendOptions, 'log' | 'now' | 'onRequest'>;
}

/** A backend that persists its apps in a folder and is running or starting. */
interface OpenBackend extends OpenRecord {
  /** An absolute path. */
  readonly options: { readonly data: string };
  readonly backend: Promise<Backend>;
  /** Applies the options of another start; throws `invalid-config` that names an option that cannot be changed. */
  adopt(given: BackendOptions, resolved: ResolvedBackendOptions): Promise<void>;
}

const register = new Register('backends', (record): record is OpenBackend =>
  hasFunctions(record, 'adopt', 'close'),
);

/** The backend of this process that has the folder, even if another copy of this version started it. */
export function findOpen(data: string): OpenBackend | undefined {
  return register.same.find(({ options }) => options.data === data);
}

/** Throws `storage-locked` when another version of this package has the folder open in this process. */
export function assertNotOtherVersions(data: string): void {
  const other = register.others.find(({ option }) => option('data') === data);
  if (!other) return;
  throw new InstantNodeError('storage-locked', `Cannot keep data in "${data}": ${whyOtherCopy(other)}`, {
    hint: 'Have the program load one version, which `npm ls @instantdb/node` shows, or close that backend first',
  });
}

/** Registers a backend so that other copies of this package find it. Returns a function that unregisters it. */
export function noteOpen(data: string, backend: Promise<Backend>, running: RunningOptions): () => void {
  const record: OpenBackend = Object.freeze({
    ...thisCopy,
    options: Object.freeze({ data }),
    backend,
    adopt: async (given: BackendOptions, resolved: ResolvedBackendOptions) =>
      adopt(running, given, resolved, await backend),
    close: async () => (await backend).close(),
  });
  register.add(record);
  return () => register.remove(record);
}

function adopt(
  { resolved, live }: RunningOptions,
  given: BackendOptions,
  wanted: ResolvedBackendOptions,
  { port, personalAccessToken }: Backend,
): void {
  const now: ResolvedBackendOptions = { ...resolved, personalAccessToken };
  for (const [name, value] of Object.entries(given) as [keyof BackendOptions, unknown][]) {
    if (value === undefined || name === 'data' || name in live) continue;
    const isBound = name === 'port' && value === port;
    if (!isBound && !isDeepStrictEqual(wanted[name], now[name])) throw cannotChange(name);
  }
  const { log = live.log, now: clock = live.now, onRequest } = given;
  // A backend started without `onRequest` takes no measurements, so there is nothing to report.
  if (onRequest && !live.onRequest) throw cannotChange('onRequest');
  Object.assign(live, { log, now: clock, onRequest: onRequest ?? live.onRequest });
}

// Values are left out of the message: one of them is a secret.
function cannotChange(name: string): InstantNodeError {
  const message = `Cannot use option "${name}" of startBackend: the backend of this process that has the folder runs with another value`;
  return new InstantNodeError('invalid-config', message, {
    hint: 'Leave it out to get that backend, close it first, or give this one another folder',
  });
}
