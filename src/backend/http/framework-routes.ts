import { isObject, type JsonObject } from '../../protocol/json.ts';
import { paramMalformed, paramMissing } from '../../protocol/param-error.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { answerQuery } from '../app/answer-query.ts';
import type { App } from '../app/app.ts';
import type { Apps } from '../apps/apps.ts';
import { userForToken } from '../auth/refresh-tokens.ts';
import { tokenOf } from './requests/admin-access.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonTextResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** Queries over HTTP on behalf of users, with which frameworks render pages on a server. */
export function frameworkRoutes(apps: Apps): Route[] {
  return [{ method: 'POST', path: '/runtime/framework/query', handle: (request) => runQuery(request, apps) }];
}

async function runQuery(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const q = body.required('query', (value) => (isObject(value) ? value : undefined));
  const app = appOf(request, apps);
  // As on an Instant server: whoever presents a token that is good no more is a visitor, and sees what visitors see.
  const user = userForToken(app, tokenOf(request)) ?? null;
  app.assertReadable();
  const { answer } = answerQuery(app, {
    q: q as JsonObject,
    returnType: 'join-rows',
    actor: { ...visitorOf(request), user },
  });
  if (answer.is === 'failure') throw answer.error;
  return jsonTextResponse(`{"result":${answer.result},"attrs":${app.attrs.text}}`);
}

function appOf({ raw, url }: HttpRequest, apps: Apps): App {
  const header = raw.headers.get('app-id');
  const id = header ?? url.searchParams.get('app_id');
  const path = header === null ? ['query-params', 'app_id'] : ['headers', 'app-id'];
  if (id === null) throw paramMissing(['headers', 'app-id']);
  if (!isUuid(id)) throw paramMalformed(path, id);
  return apps.get(id.toLowerCase()).app;
}
