import { STORAGES } from './storages.mjs';

/** No network: nothing is ever sent to, or expected from, these. */
const NOWHERE = { apiURI: 'http://127.0.0.1:9', websocketURI: 'ws://127.0.0.1:9/runtime/session' };
const Offline = { getIsOnline: async () => false, listen: () => () => {} };
/** More than are made, so that the cached answers stay. */
const QUERY_CACHE_LIMIT = 2_000;
const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);

/**
 * Opens a database of this package.
 * @param {{ driver: string, isSealed?: boolean }} subject
 * @param {{ appId: string, folder: string, name: string, redisURL?: string, websocketURI?: string, network?: object, Store?: Function }} options
 *   `name` tells the data of one database from that of another; without `websocketURI` it is offline
 */
export async function openOurs({ driver, isSealed }, options) {
  const { init } = await import('@instantdb/node');
  const { appId, websocketURI } = options;
  return () =>
    init({
      appId,
      queryCacheLimit: QUERY_CACHE_LIMIT,
      instanceKey: options.name,
      ...(websocketURI ? { websocketURI, network: options.network } : { ...NOWHERE, network: Offline }),
      ...storageOf(driver, options),
      ...(isSealed && { encryptionKey: KEY }),
    });
}

/** Opens a database of core, offline, with what `Store` holds. */
export async function openCore({ appId, name, Store }) {
  // What a user would have to do to make core run outside a browser, see ../subjects/core.mjs.
  globalThis.window ??= {};
  globalThis.WebSocket ??= (await import('ws')).WebSocket;
  const { init } = await import('@instantdb/core');
  const config = { appId, ...NOWHERE, queryCacheLimit: QUERY_CACHE_LIMIT, __extraDedupeKey: name };
  return () => init(config, Store, Offline);
}

function storageOf(driver, { Store, ...options }) {
  if (driver === 'class') return { storage: Store };
  const open = STORAGES[driver];
  if (!open) throw new RangeError(`There is no storage "${driver}"`);
  return open(options);
}
