import { randomInt, randomUUID } from 'node:crypto';
import type { FileStorage } from './app/file-storage.ts';
import { FileUrls } from './app/file-urls.ts';
import type { Keeper } from './app/keeper.ts';
import { createOperator } from './app/operator.ts';
import { UploadUrls } from './app/upload-urls.ts';
import type { BackendHost } from './apps/backend-host.ts';
import { createProviderEgress } from './auth/oauth/provider-egress.ts';
import { EphemeralQuota } from './ephemeral/quota.ts';
import { createDiskContent } from './keep/disk-content.ts';
import { createMemoryContent } from './keep/memory-content.ts';
import type { ResolvedBackendOptions } from './options.ts';
import { Newcomers } from './session/newcomers.ts';

/** What the apps of a backend share, on this machine's chance and the clock of the options. */
export function createHost(options: ResolvedBackendOptions, keeper: Keeper): BackendHost {
  const { now, log, personalAccessToken, maxFileBytes, onRequest, bodyIdleMs, sliceMs } = options;
  let txId = keeper.lastTxId;
  const newId = (): string => randomUUID();
  const report = (doing: string, error: unknown): void => {
    try {
      log({ level: 'error', message: `Cannot ${doing}`, error });
    } catch {
      // A log that fails must not take the sessions down with it.
    }
  };
  // A log that fails must not fail the one whom it is about.
  const say = guarded(log, () => undefined);
  return {
    machineId: keeper.lasting('machine-id', newId),
    operator: createOperator(personalAccessToken, now()),
    now,
    newId,
    nextTxId: () => ++txId,
    randomInt,
    keeper,
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
    files: filesOf(keeper, { maxBytes: maxFileBytes, now, newId }),
    tell: (message) => say({ level: 'info', message }),
    warn: (message) => say({ level: 'warning', message }),
    report,
  };
}

/** The storage for files: beside what the keeper keeps, or in memory when it keeps nothing. */
function filesOf(
  { filesFolder, signingKey }: Keeper,
  { maxBytes, now, newId }: { maxBytes: number; now(): number; newId(): string },
): FileStorage {
  return {
    content: filesFolder === undefined ? createMemoryContent() : createDiskContent(filesFolder),
    urls: new FileUrls(signingKey, now),
    uploads: new UploadUrls(now, newId),
    maxBytes,
  };
}

/** The same function, except that it does not throw: whom it is about must not pay for it. */
function guarded<T>(tell: (entry: T) => void, failed: (error: unknown) => void): (entry: T) => void {
  return (entry) => {
    try {
      tell(entry);
    } catch (error) {
      failed(error);
    }
  };
}
