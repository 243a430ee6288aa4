import { isObject } from '../../protocol/json.ts';
import type { App } from '../app/app.ts';
import { warnOfRules } from '../app/warn-of-rules.ts';
import { type DashContext, dashApp } from './dash-access.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** Reading and pushing permission rules. */
export function dashPermsRoutes(context: DashContext): Route[] {
  return [
    {
      method: 'GET',
      path: '/dash/apps/:app_id/perms/pull',
      handle: (request) => pullPerms(dashApp(request, context)),
    },
    {
      method: 'POST',
      path: '/dash/apps/:app_id/rules',
      handle: (request) => pushPerms(request, dashApp(request, context)),
    },
  ];
}

/** The rules of an app; null when it has none. */
export function pullPerms(app: App): Response {
  return jsonResponse({ perms: app.permissions.rules?.code ?? null });
}

/** Puts the rules in a body in force. */
export async function pushPerms(request: HttpRequest, app: App): Promise<Response> {
  const code = (await request.body()).required('code', (value) => (isObject(value) ? value : undefined));
  app.setRules(code);
  warnOfRules(app);
  return jsonResponse({ rules: { app_id: app.identity.id, code } });
}
