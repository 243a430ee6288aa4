import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** What files take of their app. */
export interface FileApp extends Pick<App, 'account' | 'assertWritable' | 'data' | 'identity' | 'transact'> {
  readonly host: Pick<AppHost, 'files' | 'keeper' | 'newId' | 'report'>;
}
