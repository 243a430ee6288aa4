import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** What sync tables take of their app. */
export interface SyncApp extends Pick<App, 'account' | 'assertReadable' | 'data' | 'processedTxId'> {
  readonly host: Pick<AppHost, 'newId' | 'report'>;
}
