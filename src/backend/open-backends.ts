import { isDeepStrictEqual } from 'node:util';
import { InstantNodeError } from '../errors.ts';
import { hasFunctions, type OpenRecord, Register, thisCopy, whyOtherCopy } from '../register.ts';
import type { Backend } from './backend.ts';
import type { BackendOptions, ResolvedBackendOptions } from './options.ts';

/** The options of a backend that runs. Those which are functions can be others later. */
export interface RunningOptions {
  readonly resolved: ResolvedBackendOptions;
  readonly live: Pick<ResolvedBackendOptions, 'log' | 'now' | 'onRequest'>;
}

/** A backend that keeps its apps in a folder, and runs or is about to. */
interface OpenBackend extends OpenRecord {
  /** Absolute. */
  readonly options: { readonly data: string };
  readonly backend: Promise<Backend>;
  /** Has it go by the options of another start: throws `invalid-config` that names one which cannot be changed. */
  adopt(given: BackendOptions, resolved: ResolvedBackendOptions): Promise<void>;
}

const register = new Register('backends', (record): record is OpenBackend =>
  hasFunctions(record, 'adopt', 'close'),
);

/** The backend of this process that has the folder, whichever copy of this version has started it. */
export function findOpen(data: string): OpenBackend | undefined {
  return register.same.find(({ options }) => options.data === data);
}

/** Throws code `storage-locked` where another version of this package has the folder in this process. */
export function assertNotOtherVersions(data: string): void {
  const other = register.others.find(({ option }) => option('data') === data);
  if (!other) return;
  throw new InstantNodeError('storage-locked', `Cannot keep data in "${data}": ${whyOtherCopy(other)}`, {
    hint: 'Have the program load one version, which `npm ls @instantdb/node` shows, or close that backend first',
  });
}

/** Has copies of this package find a backend. Returns what takes that back. */
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
  // Nothing is measured for nobody.
  if (onRequest && !live.onRequest) throw cannotChange('onRequest');
  Object.assign(live, { log, now: clock, onRequest: onRequest ?? live.onRequest });
}

// Without values: one of them is a secret.
function cannotChange(name: string): InstantNodeError {
  const message = `Cannot use option "${name}" of startBackend: the backend of this process that has the folder runs with another value`;
  return new InstantNodeError('invalid-config', message, {
    hint: 'Leave it out to get that backend, close it first, or give this one another folder',
  });
}
