import { App } from '../app/app.ts';
import type { AppIdentity } from '../app/app-identity.ts';
import type { KeptApp } from '../app/app-persistence.ts';
import { Providers } from '../auth/oauth/provider.ts';
import { SentCodes } from '../auth/sent-codes.ts';
import { forgetContents } from '../files/forget-contents.ts';
import { AppRooms } from '../rooms/app-rooms.ts';
import { AppStreams } from '../streams/app-streams.ts';
import { AppSyncTables } from '../sync/app-sync-tables.ts';
import type { BackendHost } from './backend-host.ts';

/** An app, and the services that clients use besides its data. */
export interface ServedApp {
  readonly app: App;
  readonly codes: SentCodes;
  readonly providers: Providers;
  readonly rooms: AppRooms;
  readonly sync: AppSyncTables;
  readonly streams: AppStreams;
}

/** Connects an app with its services. `kept` is the persisted state of the app from an earlier run. */
export function serveApp(identity: AppIdentity, host: BackendHost, kept?: KeptApp): ServedApp {
  const app = new App(identity, host, kept);
  const sync = new AppSyncTables(app);
  const streams = new AppStreams(app, host.persistence.streamContent(identity.id));
  app.sessions.follow(sync);
  app.sessions.follow(streams);
  app.sessions.follow({
    committed(_txId, changes) {
      forgetContents(app, changes);
      return false;
    },
  });
  return {
    app,
    codes: new SentCodes(),
    providers: new Providers(identity.trustsProviders ? host.providers.trusted : host.providers.guarded),
    rooms: new AppRooms(host.machineId),
    sync,
    streams,
  };
}
