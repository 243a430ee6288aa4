import { recordNotFound, validationFailed } from '../../protocol/error.ts';
import type { App } from '../app/app.ts';
import { applySteps } from '../schema/apply-steps.ts';
import { parseDefinitions } from '../schema/definitions.ts';
import type { JobBook } from '../schema/job-book.ts';
import { parseSchemaSteps } from '../schema/parse-schema-steps.ts';
import { plannedSchema, planSchema, type SchemaPlan } from '../schema/plan-schema.ts';
import { schemaOf } from '../schema/schema-json.ts';
import { asCheckedDataType, isJobType } from '../schema/schema-step.ts';
import { softDeletedAttrs } from '../schema/soft-deleted-attrs.ts';
import { asSteps } from './admin/admin-routes.ts';
import { type DashContext, dashApp } from './dash-access.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** Reading and pushing schemas, and the resulting jobs. */
export function dashSchemaRoutes(context: DashContext, jobs: JobBook): Route[] {
  const dash = (path: string): string => `/dash/apps/:app_id/${path}`;
  const app = (request: HttpRequest): App => dashApp(request, context);
  return [
    { method: 'GET', path: dash('schema/pull'), handle: (request) => pull(app(request)) },
    {
      method: 'POST',
      path: dash('schema/steps/apply'),
      handle: (request) => apply(request, app(request), jobs),
    },
    { method: 'POST', path: dash('schema/push/plan'), handle: (request) => pushPlan(request, app(request)) },
    {
      method: 'POST',
      path: dash('schema/push/apply'),
      handle: (request) => pushApply(request, app(request), jobs),
    },
    {
      method: 'GET',
      path: dash('soft_deleted_attrs'),
      handle: (request) => jsonResponse(softDeletedAttrs(app(request))),
    },
    { method: 'POST', path: dash('indexing-jobs'), handle: (request) => runJob(request, app(request), jobs) },
    {
      method: 'GET',
      path: dash('indexing-jobs/group/:group_id'),
      handle: (request) => jsonResponse({ jobs: jobs.group(app(request), request.uuidParam('group_id')) }),
    },
    {
      method: 'GET',
      path: dash('indexing-jobs/:job_id'),
      handle: (request) =>
        jsonResponse({ job: jobs.find(app(request), request.uuidParam('job_id')) ?? null }),
    },
  ];
}

/** Describes what pushing the schema in a body would do. */
export async function pushPlan(request: HttpRequest, app: App): Promise<Response> {
  const plan = planOf(await request.body(), app);
  return jsonResponse(describePlan(app, plan));
}

/** Pushes the schema in a body. */
export async function pushApply(request: HttpRequest, app: App, jobs: JobBook): Promise<Response> {
  const plan = planOf(await request.body(), app);
  const described = describePlan(app, plan);
  return jsonResponse({ ...described, ...applySteps(app, plan.steps, jobs) });
}

function pull({ data, identity }: App): Response {
  const attrs = data.catalog.list();
  return jsonResponse({ schema: schemaOf(attrs), attrs, 'app-title': identity.title });
}

async function apply(request: HttpRequest, app: App, jobs: JobBook): Promise<Response> {
  const body = await request.body();
  const steps = parseSchemaSteps(body.required('steps', asSteps));
  return jsonResponse(applySteps(app, steps, jobs));
}

function planOf(body: JsonBody, app: App): SchemaPlan {
  return planSchema(parseDefinitions(body.optional('schema') ?? {}), app.data.catalog, {
    checkTypes: body.optional('check_types') === true,
    backgroundUpdates: body.optional('supports_background_updates') === true,
    asPushed: false,
    newId: app.host.newId,
  });
}

function describePlan({ data }: App, plan: SchemaPlan): object {
  const attrs = data.catalog.list();
  return {
    'new-schema': plannedSchema(plan),
    'current-schema': schemaOf(attrs),
    'current-attrs': attrs,
    steps: plan.steps,
  };
}

async function runJob(request: HttpRequest, app: App, jobs: JobBook): Promise<Response> {
  const body = await request.body();
  const attrId = body.uuid('attr-id');
  const type = body.text('job-type');
  if (!isJobType(type)) {
    throw validationFailed('job-type', type, [{ message: `Invalid job type ${type}.` }]);
  }
  if (!app.data.catalog.byId(attrId)) throw recordNotFound('attrs', { 'attr-id': attrId });
  const checked =
    type === 'check-data-type' ? body.required('checked-data-type', asCheckedDataType) : undefined;
  const target = { 'attr-id': attrId, ...(checked && { 'checked-data-type': checked }) };
  return jsonResponse({ job: jobs.run(app, type, target) });
}
