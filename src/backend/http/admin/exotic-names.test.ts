import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { exoticKeys, isKeepable, watchShared } from '../../../../conformance/support/exotic-values.ts';
import { startBackend } from '../../index.ts';

// Of rules, schemas, transactions and queries: names that mean something to a program that looks for them on an object.
// `id` is no such name, a dot parts a path, and Instant takes no attribute without a name.
const names = exoticKeys.filter(
  (name) => name.trim() !== '' && name !== 'id' && !name.includes('.') && isKeepable(name),
);

const pollutionOf = watchShared();

test('the admin API takes every name and value as what it is, and changes nothing that objects share', async () => {
  const backend = await startBackend();
  onTestFinished(() => backend.close());
  const app = backend.createApp();
  const post = async (path: string, body: string): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${backend.url}${path}`, {
      method: 'POST',
      headers: {
        'app-id': app.id,
        authorization: `Bearer ${app.adminToken}`,
        'content-type': 'application/json',
      },
      body,
    });
    return { status: answer.status, text: await answer.text() };
  };
  const ok = async (path: string, body: string): Promise<string> => {
    const { status, text } = await post(path, body);
    expect(status, `${body} ${text}`).toBe(200);
    return text;
  };
  for (const name of names.map((one) => JSON.stringify(one))) {
    const id = randomUUID();
    const step = (op: string, values: string): string => `{"steps":[["${op}","rows","${id}",${values}]]}`;
    await ok('/admin/transact', step('update', `{${name}:{${name}:{"a":1}}}`));
    await ok('/admin/transact', step('merge', `{${name}:{${name}:{"b":2}}}`));
    const found = await ok('/admin/query', '{"query":{"rows":{}}}');
    expect(found, name).toContain(`${name}:{${name}:{"a":1,"b":2}}`);
    for (const query of [
      `{${name}:{${name}:{}}}`,
      `{${name}:{"$":{"where":{${name}:{${name}:1}},"order":{${name}:"asc"},"fields":[${name}]}}}`,
      `{"rows":{"$":{"where":{${name}:1}}},"$$ruleParams":{${name}:{${name}:1}}}`,
    ]) {
      expect((await post('/admin/query', `{"query":${query}}`)).status, query).toBeLessThan(500);
    }
    const rule = JSON.stringify(`data[${name}] == 1 || ruleParams[${name}] == 1 || true`);
    const code = `{${name}:{"allow":{"view":${rule},${name}:"true"},"bind":[${name},"true"],"fields":{${name}:"true"}}}`;
    expect((await post(`/dash/apps/${app.id}/rules`, `{"code":${code}}`)).status, code).toBeLessThan(500);
    const link = `{"forward":{"on":${name},"has":"one","label":"to"},"reverse":{"on":${name},"has":"many","label":"from"}}`;
    const attr = '{"valueType":"string","config":{"indexed":false,"unique":false},"required":false}';
    const schema = `{"entities":{${name}:{"attrs":{${name}:${attr}},"links":{}}},"links":{${name}:${link}}}`;
    const plan = await post(
      `/dash/apps/${app.id}/schema/push/plan`,
      `{"schema":${schema},"check_types":true}`,
    );
    expect(plan.status, schema).toBeLessThan(500);
    await ok('/admin/transact', step('delete', '{}'));
    expect(pollutionOf(), name).toEqual([]);
  }
});
