/**
 * The unstorage drivers that store data outside of the process. Not included: `memory`, `null`, `lru-cache`,
 * `session-storage` and `vercel-runtime-cache`, which do not; `localstorage`, which depends on how the process was
 * started; and `overlay`, which writes to whatever its first layer is.
 */
const LASTING: ReadonlySet<string> = new Set([
  'azure-app-configuration',
  'azure-cosmos',
  'azure-key-vault',
  'azure-storage-blob',
  'azure-storage-table',
  'capacitor-preferences',
  'cloudflare-kv-binding',
  'cloudflare-kv-http',
  'cloudflare-r2-binding',
  'db0',
  'deno-kv',
  'deno-kv-node',
  'fs',
  'fs-lite',
  'github',
  'http',
  'idb-keyval',
  'mongodb',
  'netlify-blobs',
  'planetscale',
  'redis',
  's3',
  'uploadthing',
  'upstash',
  'vercel-blob',
  'vercel-kv',
]);

/** Whether a driver's data is known to outlive the process. A driver without a name, or with one not listed, is not. */
export function isKnownToLast(driverName: string | undefined): boolean {
  return driverName !== undefined && LASTING.has(driverName);
}
