import { ruleWarnings } from '../permissions/index.ts';
import type { App } from './app.ts';

/** Warns the operator of likely mistakes in the rules of an app. */
export function warnOfRules(app: Pick<App, 'data' | 'host' | 'permissions'>): void {
  const { code } = app.permissions.rules ?? {};
  if (!code) return;
  for (const warning of ruleWarnings(code, app.data.catalog)) app.host.warn(warning);
}
