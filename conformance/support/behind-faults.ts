import type { InstantNodeDatabase, NodeConfig } from '@instantdb/node';
import type { FaultProxy } from './fault-proxy/start-fault-proxy.ts';
import { faultProxy } from './fault-proxy.ts';
import { open, serve } from './open.ts';
import { openOverSse } from './open-over-sse.ts';
import { QUICK } from './quick-connection.ts';
import { type Schema, schema } from './schema.ts';

/** What a connection can be made over. */
export const TRANSPORTS = ['websocket', 'sse'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

/** An app, with a network on the way to it that a test can break. */
export interface BehindFaults {
  readonly proxy: FaultProxy;
  /** A database with every right, whose connection goes over that network. */
  through(kind?: TransportKind, options?: Partial<NodeConfig<Schema>>): InstantNodeDatabase<Schema>;
  /** One whose connection does not. */
  direct(): InstantNodeDatabase<Schema>;
}

/** Serves an app behind a {@link FaultProxy}, until the test ends. Its clients are quick to notice, see {@link QUICK}. */
export async function behindFaults(): Promise<BehindFaults> {
  const backend = await serve();
  const app = backend.createApp({ schema });
  const proxy = await faultProxy(backend);
  const admin = { adminToken: app.adminToken, disableValidation: true };
  const at = ({ url, websocketURI }: Pick<FaultProxy, 'url' | 'websocketURI'>) => ({
    appId: app.id,
    apiURI: url,
    websocketURI,
  });
  return {
    proxy,
    through(kind = 'websocket', options = {}) {
      const all = { connection: QUICK, ...admin, ...options };
      const db = kind === 'sse' ? openOverSse(proxy, app.id, all) : open(at(proxy), all);
      db.subscribeErrors(() => {});
      return db;
    },
    direct: () => open(at(backend), admin),
  };
}
