import { randomInt, randomUUID } from 'node:crypto';
import type { AppPersistence } from './app/app-persistence.ts';
import type { FileStorage } from './app/file-storage.ts';
import { FileUrls } from './app/file-urls.ts';
import { createOperator } from './app/operator.ts';
import { UploadUrls } from './app/upload-urls.ts';
import type { BackendHost } from './apps/backend-host.ts';
import { createProviderEgress } from './auth/oauth/provider-egress.ts';
import { EphemeralQuota } from './ephemeral/quota.ts';
import { createDiskContent } from './keep/disk-content.ts';
import { createMemoryContent } from './keep/memory-content.ts';
import type { ResolvedBackendOptions } from './options.ts';
import { Newcomers } from './session/newcomers.ts';

/** Creates what all apps of a backend share, using this machine's randomness and the clock from the options. */
export function createHost(options: ResolvedBackendOptions, persistence: AppPersistence): BackendHost {
  const { now, log, personalAccessToken, maxFileBytes, onRequest, bodyIdleMs, sliceMs } = options;
  let txId = persistence.lastTxId;
  const newId = (): string => randomUUID();
  const report = (doing: string, error: unknown): void => {
    try {
      log({ level: 'error', message: `Cannot ${doing}`, error });
    } catch {
      // A failing log must not take the sessions down with it.
    }
  };
  // A failing log must not fail the request that is being logged.
  const say = guarded(log, () => undefined);
  return {
    machineId: persistence.lasting('machine-id', newId),
    operator: createOperator(personalAccessToken, now()),
    now,
    newId,
    nextTxId: () => ++txId,
    randomInt,
    persistence,
    providers: createProviderEgress(options.allowProviders),
    ephemeral: new EphemeralQuota(options.ephemeralApps),
    onRequest:
      onRequest && guarded(onRequest, (error) => report('tell option "onRequest" of a request', error)),
    bodyIdleMs,
    sliceMs,
    newcomers: new Newcomers({
      inAll: options.maxNewcomers,
      perAddress: options.maxNewcomersPerAddress,
      patienceMs: options.initTimeoutMs,
    }),
    files: filesOf(persistence, { maxBytes: maxFileBytes, now, newId }),
    tell: (message) => say({ level: 'info', message }),
    warn: (message) => say({ level: 'warning', message }),
    report,
  };
}

/** File storage: on disk next to the persisted apps, or in memory when nothing is persisted. */
function filesOf(
  { filesFolder, signingKey }: AppPersistence,
  { maxBytes, now, newId }: { maxBytes: number; now(): number; newId(): string },
): FileStorage {
  return {
    content: filesFolder === undefined ? createMemoryContent() : createDiskContent(filesFolder),
    urls: new FileUrls(signingKey, now),
    uploads: new UploadUrls(now, newId),
    maxBytes,
  };
}

/** Wraps a callback so that it never throws: a broken observer must not fail what it observes. */
function guarded<T>(tell: (entry: T) => void, failed: (error: unknown) => void): (entry: T) => void {
  return (entry) => {
    try {
      tell(entry);
    } catch (error) {
      failed(error);
    }
  };
}
