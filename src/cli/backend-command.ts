import { isEveryAddress } from '../backend/http/requests/addresses.ts';
import type { Backend, BackendApp, BackendLogEntry, BackendOptions, RequestEntry } from '../backend/index.ts';
import { startBackend } from '../backend/index.ts';
import { ServerError } from '../protocol/error.ts';
import { isObject } from '../protocol/json.ts';
import { isUuid } from '../protocol/uuid.ts';
import { nodeVersion } from '../version.ts';
import { ACCESS_FLAGS, accessOptions } from './access-options.ts';
import { loadRules, loadSchema } from './load-definition.ts';
import { describeFlags, type FlagValues, parseFlags } from './parse-flags.ts';
import { cannotUse, type Definitions, publish, untilKept } from './publish.ts';
import { readSeed, type Seed, sow } from './seed.ts';
import { UsageError } from './usage-error.ts';

/** The port that Instant's own server uses on a developer's machine. */
const DEFAULT_PORT = 8888;

const FLAGS = {
  port: { value: '<number>', short: 'p', help: `The port; 0 takes a free one (default ${DEFAULT_PORT})` },
  host: { value: '<address>', help: 'The address to bind (default 127.0.0.1: this machine only)' },
  data: { value: '<folder>', short: 'd', help: 'Keep everything in this folder (default: memory only)' },
  app: { value: '<id>', help: 'The id of the app (default: the one in the folder, or a new one)' },
  schema: { value: '<file>', help: 'Push this schema: instant.schema.ts, or .js, or .json' },
  perms: { value: '<file>', help: 'Push these permission rules: instant.perms.ts, or .js, or .json' },
  seed: {
    value: '<file.json>',
    help: 'Fill a new app: { "todos": [{ "text": "…" }] }, steps, or a snapshot',
  },
  ...ACCESS_FLAGS,
  quiet: { short: 'q', help: 'Do not log requests' },
  help: { short: 'h', help: 'Show this' },
  version: { short: 'v', help: 'Show the version' },
} as const;

const HELP = `Usage: instant-node backend [flags]

Starts a local Instant backend: for development, tests, CI and one machine.

${describeFlags(FLAGS)}`;

/** `instant-node backend`: starts a backend, and returns while it runs. */
export async function backendCommand(args: string[]): Promise<void> {
  const flags = parseFlags(args, FLAGS);
  if (flags.help) return console.log(HELP);
  if (flags.version) return console.log(nodeVersion);
  const port = portOf(flags.port);
  const id = appIdOf(flags.app);
  const schema = flags.schema === undefined ? undefined : await loadSchema(flags.schema);
  const rules = flags.perms === undefined ? undefined : await loadRules(flags.perms);
  const seed = flags.seed === undefined ? undefined : readSeed(flags.seed);
  const backend = await startBackend({ port, ...optionsFor(flags) });
  endOnSignals(backend);
  try {
    const app = await openApp(backend, { id, data: flags.data, schema, rules, seed });
    console.log(greeting(backend, app, flags));
  } catch (error) {
    await backend.close();
    throw error;
  }
}

type BackendFlags = FlagValues<typeof FLAGS>;

function optionsFor({ host, data, quiet, ...flags }: BackendFlags): BackendOptions {
  return {
    ...(host !== undefined && { host }),
    ...(data !== undefined && { data }),
    ...accessOptions(flags),
    ...(!quiet && { onRequest: logRequest }),
    log: logEntry,
  };
}

function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`Cannot use --port ${text}: expected a number from 0 to 65535`);
}

function appIdOf(text: string | undefined): string | undefined {
  if (text === undefined || isUuid(text)) return text?.toLowerCase();
  throw new UsageError(
    `Cannot use --app ${text}: the id of an app is a UUID, such as ${crypto.randomUUID()}`,
  );
}

interface Wanted extends Definitions {
  readonly id: string | undefined;
  /** The folder where apps are kept; undefined for memory. */
  readonly data: string | undefined;
  readonly seed: Seed | undefined;
}

/** The requested app, either a kept one or a new one. Only a new app is seeded. */
async function openApp(backend: Backend, { id, data, schema, rules, seed }: Wanted): Promise<BackendApp> {
  const kept = id === undefined ? backend.apps()[0] : backend.app(id);
  if (kept) {
    await publish(backend, kept, { schema, rules });
    if (seed !== undefined) console.log(`Did not seed: app ${kept.id} is there already`);
    return kept;
  }
  const app = createApp(backend, id, { schema, rules });
  if (data !== undefined) await untilKept(backend, app);
  if (seed !== undefined) await sow(backend, app, seed);
  return app;
}

function createApp(backend: Backend, id: string | undefined, { schema, rules }: Definitions): BackendApp {
  try {
    return backend.createApp({
      ...(id !== undefined && { id }),
      ...(schema !== undefined && { schema: schema.content }),
      ...(rules !== undefined && { rules: rules.content }),
    });
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    if (!(cause instanceof ServerError)) throw error;
    const refused = isObject(cause.hint) && cause.hint['data-type'] === 'rule' ? rules : schema;
    throw refused ? cannotUse(refused, cause) : error;
  }
}

function greeting(
  { url, websocketURI, personalAccessToken, port }: Backend,
  { id, adminToken }: BackendApp,
  { host, data }: Pick<BackendFlags, 'host' | 'data'>,
): string {
  const everywhere =
    host !== undefined && isEveryAddress(host)
      ? `\n  Listening on ${host}, port ${port}: every address of this machine\n`
      : '';
  return `
  Instant backend ${nodeVersion} on ${url}
${everywhere}
  App id       ${id}
  Admin token  ${adminToken}
  CLI token    ${personalAccessToken}  (INSTANT_CLI_AUTH_TOKEN)
  Data         ${data === undefined ? 'in memory: gone when this ends' : `in ${data}`}

  import { init } from '@instantdb/node';

  const db = init({
    appId: '${id}',
    apiURI: '${url}',
    websocketURI: '${websocketURI}',
  });
`;
}

function logRequest({ what, appId, ms, outcome }: RequestEntry): void {
  const time = new Date().toISOString().slice(11, 23);
  console.log(`${time}  ${what}  ${appId ?? '-'}  ${ms.toFixed(1)} ms  ${outcome}`);
}

function logEntry({ level, message, error }: BackendLogEntry): void {
  if (level === 'warning') return void console.error(message);
  if (level === 'info') return void (message.startsWith('Listening') || console.log(message));
  // An error means that the backend can keep nothing more: it closes by itself, and the process ends with it.
  process.exitCode = 1;
  console.error(message, error);
}

/** The first Ctrl-C ends cleanly, the second one at once. */
function endOnSignals(backend: Backend): void {
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(signal === 'SIGINT' ? 130 : 143);
    ending = true;
    console.log('Stopping');
    backend.close().then(
      () => {
        process.off('SIGINT', end);
        process.off('SIGTERM', end);
      },
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}
