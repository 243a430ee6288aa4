import type { Backend } from '@instantdb/node/backend';
import { onTestFinished } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy/start-fault-proxy.ts';

/** A {@link FaultProxy} for `backend`, or what serves as one; closed when the test ends. */
export async function faultProxy(
  backend: Pick<Backend, 'port' | 'url' | 'websocketURI'>,
): Promise<FaultProxy> {
  const proxy = await startFaultProxy(backend);
  onTestFinished(() => proxy.close());
  return proxy;
}
