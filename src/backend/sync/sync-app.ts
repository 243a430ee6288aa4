import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** The parts of an app that sync tables use. */
export interface SyncApp extends Pick<App, 'account' | 'assertReadable' | 'data' | 'processedTxId'> {
  readonly host: Pick<AppHost, 'newId' | 'report'>;
}
