import { validationFailed } from '../../../protocol/error.ts';
import { isObject } from '../../../protocol/json.ts';
import type { Apps } from '../../apps/apps.ts';
import { checkQuery, parseRules, type Rules } from '../../permissions/index.ts';
import { objectTree } from '../../query/index.ts';
import { type AdminAccess, adminAccess, adminApp } from '../requests/admin-access.ts';
import type { HttpRequest, JsonBody } from '../requests/http-request.ts';
import { jsonResponse } from '../requests/response.ts';
import type { Route } from '../requests/router.ts';
import { asQuery, asSteps, inferenceOf } from './admin-routes.ts';
import { toWireSteps } from './wire-steps.ts';

/** Tests what a user may do, and which rules decide it. */
export function permsCheckRoutes(apps: Apps): Route[] {
  return [
    { method: 'POST', path: '/admin/query_perms_check', handle: (request) => checkedQuery(request, apps) },
    {
      method: 'POST',
      path: '/admin/transact_perms_check',
      handle: (request) => checkedTransact(request, apps),
    },
  ];
}

async function checkedQuery(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const { app, actor } = impersonated(request, body, apps);
  const rules = rulesOverride(body);
  const q = body.required('query', asQuery);
  app.assertReadable();
  const { outcome, checkResults } = checkQuery(app, { q, actor, rules, fileUrl: app.data.fileUrl });
  // Here rules never become part of the query: each is evaluated for every entity.
  const result = objectTree(outcome, { inference: inferenceOf(body) });
  return jsonResponse({ result, 'check-results': checkResults, 'rule-wheres': {} });
}

async function checkedTransact(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const { app, actor } = impersonated(request, body, apps);
  const input = body.required('steps', asSteps);
  const rules = rulesOverride(body);
  const steps = toWireSteps(input, app.data.catalog, {
    throwOnMissingAttrs: Boolean(body.optional('throw-on-missing-attrs?')),
    newId: app.host.newId,
  });
  const commit = Boolean(body.optional('dangerously-commit-tx'));
  const { txId, results, committed } = app.tryTransact({ steps, actor, rules, commit });
  return jsonResponse({
    'tx-id': txId,
    'all-checks-ok?': results.every((result) => result['check-pass?']),
    'committed?': committed,
    'check-results': results,
  });
}

/** The user or visitor whose permissions are tested. Only an admin may test them. */
function impersonated(request: HttpRequest, body: JsonBody, apps: Apps): AdminAccess {
  adminApp(request, apps);
  const access = adminAccess(request, apps);
  if (access.actor.admin) {
    throw validationFailed('non-admin', 'non-admin', [{ message: 'Cannot test perms as admin' }]);
  }
  const actor = { ...access.actor, ...override(body, 'ip'), ...override(body, 'origin') };
  return { ...access, actor };
}

function override(body: JsonBody, name: 'ip' | 'origin'): Partial<AdminAccess['actor']> {
  const field = `${name}-override`;
  return body.optional(field) === undefined ? {} : { [name]: body.text(field) };
}

function rulesOverride(body: JsonBody): Rules | undefined {
  if (body.optional('rules-override') === undefined) return undefined;
  const code = body.required('rules-override', (value) => (isObject(value) ? value : undefined));
  return parseRules(code) ?? undefined;
}
