import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** The parts of an app that files use. */
export interface FileApp extends Pick<App, 'account' | 'assertWritable' | 'data' | 'identity' | 'transact'> {
  readonly host: Pick<AppHost, 'files' | 'persistence' | 'newId' | 'report'>;
}
