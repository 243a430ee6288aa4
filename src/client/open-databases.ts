import { createHash, randomBytes } from 'node:crypto';
import { AlwaysOnline } from '../drivers/network/always-online.ts';
import type { StorageChoice, StorageKinds } from '../drivers/storage/kinds/index.ts';
import type { StorageKind } from '../drivers/storage/storage-kind.ts';
import { InstantNodeError } from '../errors.ts';
import { hasFunctions, type OpenRecord, Register, thisCopy, whyOtherCopy } from '../register.ts';
import type { ResolvedConfig } from './config/node-config.ts';
import type { InstantNodeDatabase } from './database.ts';
import type { AnySchema } from './schema/any-schema.ts';
import type { Keyring } from './storage/keyring.ts';

type Database = InstantNodeDatabase<AnySchema, boolean>;

/** What a database was opened with that cannot be changed while it is open, and is no secret. */
interface OpenOptions {
  readonly appId: string;
  readonly instanceKey: string;
  readonly storage: StorageChoice['kind'];
  readonly storagePath: string | undefined;
  readonly keepAlive: boolean;
  readonly whenStorageLocked: 'fail' | 'wait';
}

/** What two configs of one database have in common. Tokens and keys are in it as digests. */
export interface Identity {
  readonly text: string;
  /** Classes and objects, which have no name to tell them apart by. */
  readonly objects: readonly unknown[];
  readonly keyring: Keyring | undefined;
}

/** A database that is open. */
export interface OpenDatabase extends OpenRecord {
  readonly options: OpenOptions;
  readonly database: Database;
  /** Whether this is the database that a config of this identity asks for. A call, so that the identity shows nowhere. */
  isSame(identity: Identity): boolean;
}

const register = new Register('databases', (record): record is OpenDatabase =>
  hasFunctions(record, 'isSame', 'close'),
);

/** The database that is open with the same options, by whichever copy of this version. */
export function findOpen(resolved: ResolvedConfig, kinds: StorageKinds): OpenDatabase | undefined {
  const identity = identityOf(resolved, kinds);
  return register.same.find((open) => open.isSame(identity));
}

/** Has copies of this package find a database. Returns what takes that back. */
export function noteOpen(database: Database, resolved: ResolvedConfig, kinds: StorageKinds): () => void {
  const { core, storage, instanceKey, keepAlive, whenStorageLocked } = resolved;
  const record: OpenDatabase = Object.freeze({
    ...thisCopy,
    options: Object.freeze({
      appId: core.appId,
      instanceKey,
      storage: storage.kind,
      storagePath: pathOf(storage),
      keepAlive,
      whenStorageLocked,
    }),
    database,
    isSame: sameAs(identityOf(resolved, kinds)),
    close: () => database.close(),
  });
  register.add(record);
  return () => register.remove(record);
}

/**
 * Throws code `storage-locked` where another version of this package has the files open that are asked for, which says
 * more than their lock does. Who waits for that waits for the other version, too.
 */
export function assertNotOtherVersions({
  core,
  storage,
  instanceKey,
  whenStorageLocked,
}: ResolvedConfig): void {
  const path = pathOf(storage);
  if (path === undefined || whenStorageLocked === 'wait') return;
  const wanted = { appId: core.appId, instanceKey, storage: storage.kind, storagePath: path };
  const other = register.others.find(({ option }) =>
    Object.entries(wanted).every(([name, value]) => option(name) === value),
  );
  if (!other) return;
  const message = `Cannot open storage "${storage.kind}" at "${path}": ${whyOtherCopy(other)}`;
  throw new InstantNodeError('storage-locked', message, {
    hint: 'Have the program load one version, which `npm ls @instantdb/node` shows, or close that database first',
  });
}

function sameAs({ text, objects, keyring }: Identity): OpenDatabase['isSame'] {
  const salt = randomBytes(32);
  const key = keyring?.fingerprint(salt);
  return (other) =>
    other.text === text &&
    other.objects.every((object, index) => object === objects[index]) &&
    other.keyring?.fingerprint(salt) === key;
}

/** Core's key, and where the data is kept. Admin tokens and passwords of servers are a part of it, hence a digest. */
function identityOf(resolved: ResolvedConfig, kinds: StorageKinds): Identity {
  const { core, storage, instanceKey, network, keyring } = resolved;
  const kind: StorageKind = kinds[storage.kind];
  const { data = null, object } = kind.identify(storage);
  const parts = JSON.stringify([
    core.appId,
    core.websocketURI,
    core.apiURI,
    core.__adminToken ?? null,
    core.useDateObjects,
    core.__extraDedupeKey ?? '',
    storage.kind,
    data,
    resolved.durability,
    instanceKey,
  ]);
  return {
    text: createHash('sha256').update(parts).digest('base64url'),
    // Each copy has a class of its own for what is the same.
    objects: [object, network === AlwaysOnline ? undefined : network],
    keyring,
  };
}

function pathOf(storage: StorageChoice): string | undefined {
  return 'path' in storage ? storage.path : undefined;
}
