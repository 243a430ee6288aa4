import { ruleWarnings } from '../permissions/index.ts';
import type { App } from './app.ts';

/** Tells the operator what is surely not meant in the rules that an app has got. */
export function warnOfRules(app: Pick<App, 'data' | 'host' | 'rules'>): void {
  const { code } = app.rules ?? {};
  if (!code) return;
  for (const warning of ruleWarnings(code, app.data.catalog)) app.host.warn(warning);
}
