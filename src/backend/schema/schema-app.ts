import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** What a change of its schema takes of an app. */
export interface SchemaApp extends Pick<App, 'assertWritable' | 'data' | 'identity' | 'load' | 'transact'> {
  readonly host: Pick<AppHost, 'newId' | 'now'>;
}
