import { join } from 'node:path';

/**
 * The storages that are measured, by name, each with the options that it is opened with. `conformance/package` holds them
 * to those that there are.
 * @type {Record<string, (options: { folder: string, name: string, redisURL?: string }) => object>}
 */
export const STORAGES = {
  memory: () => ({}),
  filesystem: ({ folder, name }) => ({ storage: 'filesystem', storagePath: join(folder, name) }),
  sqlite: ({ folder, name }) => ({ storage: 'sqlite', storagePath: join(folder, name, 'data.db') }),
  redis: ({ redisURL, name }) => ({ storage: 'redis', redis: { url: redisURL, prefix: name } }),
};

/** The names of those that can be opened here. */
export function storagesHere({ hasRedis }) {
  return Object.keys(STORAGES).filter((name) => name !== 'redis' || hasRedis);
}
