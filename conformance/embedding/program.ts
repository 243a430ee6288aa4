import { writeFileSync } from 'node:fs';
import type * as Package from '@instantdb/node';
import type * as BackendPackage from '@instantdb/node/backend';

// What every tool has to build and run. It is given the package by an entry of the tool's kind, see entry.ts.

/** Where the program finds what it needs: in the environment, as JSON. */
export interface Settings {
  readonly appId: string;
  readonly apiURI: string;
  /** Of its own, and empty. */
  readonly folder: string;
  /** Undefined where there is no Redis server. */
  readonly redisUrl?: string;
  /** The file to write the {@link Report} to. */
  readonly report: string;
}

/** What an entry has loaded. */
export interface Loaded {
  readonly sdk: Sdk;
  /** The package once more: by `require` beside `import`, or after the registry of modules was emptied. */
  readonly again?: Sdk;
  readonly backend?: typeof BackendPackage;
  /** Of ioredis, imported by the program itself. */
  readonly Redis?: unknown;
}

/** What the program came to know; an error by its code and message. */
export interface Report {
  /** What a live query saw of another client's write: a title, and the length of a text that fills a frame. */
  readonly live: { readonly title: string; readonly length: number };
  /** How a write ended that was made offline, and was delivered after a restart. */
  readonly filesystem: string;
  readonly sqlite: string;
  /** Undefined where there is no Redis server. */
  readonly redis?: string;
  /** Whether the package, loaded again, gave the database that is open. */
  readonly again?: 'the same database' | 'another database';
  /** What a backend in this process answered to one who may see his own alone. */
  readonly backend?: string[];
}

type Sdk = typeof Package;
type Schema = ReturnType<typeof schemaOf>;
type Config = Partial<Package.NodeConfig<Schema>>;
type Database = Package.InstantNodeDatabase<Schema>;

/** Larger than what fits a socket's buffers at once, and than any limit of small frames. */
const FRAME = 100 * 1024;
const offline = { getIsOnline: () => Promise.resolve(false), listen: () => () => undefined };

/** Does it all, tells it, and leaves open what must not hold the process. */
export async function program(loaded: Loaded): Promise<Report> {
  const settings = JSON.parse(process.env.EMBEDDING ?? '') as Settings;
  const { folder, redisUrl } = settings;
  const reader = open(loaded.sdk, settings, { instanceKey: 'reader' });
  const keeps = (place: Config): Promise<string> => keep(loaded.sdk, settings, place, reader);
  const report: Report = {
    live: await writeAndSee(loaded.sdk, settings, reader),
    filesystem: await keeps({ storage: 'filesystem', storagePath: `${folder}/files` }),
    sqlite: await keeps({ storage: 'sqlite', storagePath: `${folder}/file.sqlite` }),
    ...(redisUrl && { redis: await keeps({ storage: 'redis', redis: redisOf(redisUrl, loaded) }) }),
    ...(loaded.again && { again: openAgain(loaded.sdk, loaded.again, settings) }),
    ...(loaded.backend && { backend: await serve(loaded.sdk, loaded.backend) }),
  };
  await reader.close();
  await leaveOpen(loaded.sdk, settings);
  writeFileSync(settings.report, JSON.stringify(report));
  return report;
}

function schemaOf({ i }: Sdk) {
  const notes = i.entity({ title: i.string(), text: i.string().optional() });
  return i.schema({ entities: { notes }, links: {}, rooms: {} });
}

function open(sdk: Sdk, { appId, apiURI }: Settings, options: Config): Database {
  return sdk.init({ appId, apiURI, schema: schemaOf(sdk), ...options });
}

function redisOf(url: string, { Redis }: Loaded): { url: string } {
  return { url, ...(Redis !== undefined && { Redis }) };
}

async function writeAndSee(sdk: Sdk, settings: Settings, reader: Database): Promise<Report['live']> {
  const note = sdk.id();
  // Live before the write is made.
  await reader.queryOnce({ notes: { $: { where: { id: note } } } });
  const seen = see(reader, note);
  const writer = open(sdk, settings, { instanceKey: 'writer' });
  await writer.ready();
  await writer.transact(writer.tx.notes[note]?.create({ title: 'Ship it', text: 'x'.repeat(FRAME) }) ?? []);
  await writer.close();
  return seen;
}

/** Waits until a live query has a note. */
function see(reader: Database, note: string): Promise<Report['live']> {
  return new Promise((resolve, reject) => {
    const stop = reader.subscribeQuery({ notes: { $: { where: { id: note } } } }, ({ data, error }) => {
      if (error) reject(new Error(error.message));
      const [found] = (data?.notes ?? []) as Array<{ title: string; text?: string }>;
      if (!found) return;
      queueMicrotask(() => stop());
      resolve({ title: found.title, length: found.text?.length ?? 0 });
    });
  });
}

/** Writes while offline, opens the storage again, and waits until the server has the write. */
async function keep(sdk: Sdk, settings: Settings, place: Config, reader: Database): Promise<string> {
  const note = sdk.id();
  try {
    const away = open(sdk, settings, { ...place, network: offline } as Config);
    const { status } = await away.transact(away.tx.notes[note]?.create({ title: 'Kept' }) ?? []);
    await away.close();
    const back = open(sdk, settings, place);
    await see(reader, note);
    await back.close();
    return status;
  } catch (error) {
    if (!sdk.isInstantNodeError(error)) throw error;
    return `${error.code}: ${error.message}. ${error.hint}`;
  }
}

function openAgain(sdk: Sdk, again: Sdk, settings: Settings): Report['again'] {
  const options = { storage: 'filesystem', storagePath: `${settings.folder}/again` } as const;
  const database: unknown = open(sdk, settings, { ...options, keepAlive: false });
  const other: unknown = open(again, settings, { ...options, keepAlive: false });
  return other === database ? 'the same database' : 'another database';
}

/** A rule makes the backend load what evaluates rules. */
async function serve(sdk: Sdk, { startBackend }: typeof BackendPackage): Promise<string[]> {
  const backend = await startBackend();
  const app = backend.createApp({ rules: { notes: { allow: { view: "data.title.startsWith('Mine')" } } } });
  const settings = { appId: app.id, apiURI: backend.url };
  const schema = schemaOf(sdk);
  const admin = sdk.init({ ...settings, schema, adminToken: app.adminToken });
  // What is written before there is a session resolves when it is kept, and the guest is not to ask before it is there.
  await admin.ready();
  for (const title of ['Mine', 'Yours'])
    await admin.transact(admin.tx.notes[sdk.id()]?.create({ title }) ?? []);
  const guest = sdk.init({ ...settings, schema });
  const { data } = await guest.queryOnce({ notes: {} });
  await Promise.all([admin.close(), guest.close()]);
  await backend.close();
  return data.notes.map(({ title }) => title);
}

/** A database with a live query that is never closed, and does not keep the process running. */
async function leaveOpen(sdk: Sdk, settings: Settings): Promise<void> {
  const held = setInterval(() => undefined, 60_000);
  const database = open(sdk, settings, { instanceKey: 'left open', keepAlive: false });
  await new Promise<void>((resolve, reject) => {
    database.subscribeQuery({ notes: { $: { limit: 1 } } }, ({ error }) =>
      error ? reject(new Error(error.message)) : resolve(),
    );
  });
  clearInterval(held);
}
