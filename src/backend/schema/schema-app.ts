import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** The parts of an app that schema changes use. */
export interface SchemaApp extends Pick<App, 'assertWritable' | 'data' | 'identity' | 'load' | 'transact'> {
  readonly host: Pick<AppHost, 'newId' | 'now'>;
}
