import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** What streams take of their app. */
export interface StreamApp
  extends Pick<App, 'account' | 'assertReadable' | 'assertWritable' | 'data' | 'permissions' | 'transact'> {
  readonly host: Pick<AppHost, 'keeper' | 'machineId' | 'newId' | 'report'>;
}
