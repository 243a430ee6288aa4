import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** The parts of an app that streams use. */
export interface StreamApp
  extends Pick<App, 'account' | 'assertReadable' | 'assertWritable' | 'data' | 'permissions' | 'transact'> {
  readonly host: Pick<AppHost, 'persistence' | 'machineId' | 'newId' | 'report'>;
}
