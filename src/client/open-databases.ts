import { createHash, randomBytes } from 'node:crypto';
import type { StorageChoice, StorageKinds } from '../drivers/storage/kinds/index.ts';
import type { StorageKind } from '../drivers/storage/storage-kind.ts';
import { InstantNodeError } from '../errors.ts';
import { hasFunctions, type OpenRecord, Register, thisCopy, whyOtherCopy } from '../register.ts';
import type { ResolvedConnection } from './config/connection-config.ts';
import { differingConnection } from './config/differing-connection.ts';
import type { ResolvedConfig } from './config/node-config.ts';
import type { InstantNodeDatabase } from './database.ts';
import type { AnySchema } from './schema/any-schema.ts';
import type { Keyring } from './storage/keyring.ts';

type Database = InstantNodeDatabase<AnySchema, boolean>;

/** Options of a database that cannot change while it is open and are not secret. */
interface OpenOptions {
  readonly appId: string;
  readonly instanceKey: string;
  readonly storage: StorageChoice['kind'];
  readonly storagePath: string | undefined;
  readonly keepAlive: boolean;
  readonly whenStorageLocked: 'fail' | 'wait';
}

/** What all configs of one database have in common. Tokens are in it as digests, keys as the keyring. */
export interface Identity {
  readonly text: string;
  /** Classes and objects, compared by reference as nothing else tells them apart. */
  readonly objects: readonly unknown[];
  readonly keyring: Keyring | undefined;
}

/** A database that is open. */
export interface OpenDatabase extends OpenRecord {
  readonly options: OpenOptions;
  readonly database: Database;
  /**
   * Whether this is the database that a config of this identity asks for. A method, so that the identity is never
   * exposed.
   */
  isSame(identity: Identity): boolean;
  /**
   * The name of an option of `connection` that was given and is another here; undefined for none. A method, so that
   * headers, keys and passwords are never exposed.
   */
  differing(wanted: ResolvedConnection, given: object): string | undefined;
}

const register = new Register('databases', (record): record is OpenDatabase =>
  hasFunctions(record, 'isSame', 'differing', 'close'),
);

/** The open database with the same options, whichever copy of this version has opened it. */
export function findOpen(resolved: ResolvedConfig, kinds: StorageKinds): OpenDatabase | undefined {
  const identity = identityOf(resolved, kinds);
  return register.same.find((open) => open.isSame(identity));
}

/** Registers a database, for every copy of this package to find. Returns a function that unregisters it. */
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
    differing: (wanted: ResolvedConnection, given: object) =>
      differingConnection(resolved.connection, wanted, given),
    close: () => database.close(),
  });
  register.add(record);
  return () => register.remove(record);
}

/**
 * Throws code `storage-locked` when another version of this package has the requested files open, with a message that
 * says more than their lock could. Does nothing when told to wait for the lock: that waits for another version as well.
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

/** Core's key, and where the data is kept. Contains admin tokens and server passwords, hence the digest. */
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
    network.identity.data,
  ]);
  return {
    text: createHash('sha256').update(parts).digest('base64url'),
    objects: [object, network.identity.object],
    keyring,
  };
}

function pathOf(storage: StorageChoice): string | undefined {
  return 'path' in storage ? storage.path : undefined;
}
