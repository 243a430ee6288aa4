import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** What signing in takes of an app. */
export interface AuthApp extends Pick<App, 'amend' | 'data' | 'identity' | 'permissions' | 'transact'> {
  readonly host: Pick<AppHost, 'newId' | 'now' | 'randomInt' | 'tell'>;
}
