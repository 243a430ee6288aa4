import { isObject, type JsonObject } from '../../protocol/json.ts';
import { answerQuery } from '../app/answer-query.ts';
import type { Apps } from '../apps/apps.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { requestedAppId } from './requests/requested-app-id.ts';
import { jsonTextResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { tokenHolder } from './requests/token-holder.ts';

/** Queries over HTTP on behalf of users, for frameworks that render pages on a server. */
export function frameworkRoutes(apps: Apps): Route[] {
  return [{ method: 'POST', path: '/runtime/framework/query', handle: (request) => runQuery(request, apps) }];
}

async function runQuery(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const q = body.required('query', (value) => (isObject(value) ? value : undefined));
  const app = apps.get(requestedAppId(request)).app;
  // As on an Instant server, a client with an invalid token is treated as a visitor.
  const actor = tokenHolder(request, app);
  app.assertReadable();
  const { answer } = answerQuery(app, {
    q: q as JsonObject,
    returnType: 'join-rows',
    actor,
  });
  if (answer.is === 'failure') throw answer.error;
  return jsonTextResponse(`{"result":${answer.result},"attrs":${app.attrs.text}}`);
}
