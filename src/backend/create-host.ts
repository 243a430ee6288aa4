import { randomInt, randomUUID } from 'node:crypto';
import type { BackendHost } from './app/app-host.ts';
import { createFileStorage } from './app/file-storage.ts';
import type { Keeper } from './app/keeper.ts';
import { createOperator } from './app/operator.ts';
import { createProviderEgress } from './auth/oauth/provider-egress.ts';
import { EphemeralQuota } from './ephemeral/quota.ts';
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
    files: createFileStorage({ keeper, maxBytes: maxFileBytes, now, newId }),
    tell: (message) => say({ level: 'info', message }),
    warn: (message) => say({ level: 'warning', message }),
    report,
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
