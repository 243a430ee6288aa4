import type { App } from '../app/app.ts';
import type { AppHost } from '../app/app-host.ts';

/** The parts of an app that sign-in uses. */
export interface AuthApp extends Pick<App, 'amend' | 'data' | 'identity' | 'permissions' | 'transact'> {
  readonly host: Pick<AppHost, 'newId' | 'now' | 'randomInt' | 'tell'>;
}
