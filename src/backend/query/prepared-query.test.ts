import { expect, test, vi } from 'vitest';
import * as planning from './plan-query.ts';
import { PreparedQuery } from './prepared-query.ts';
import { SmallApp } from './small-app.fixture.ts';

const namesOf = (app: SmallApp, query: PreparedQuery): unknown[] =>
  query.run(app.source, {}).triples.map(([, , value]) => value);

test('run() plans once for each change of the attributes', () => {
  const plan = vi.spyOn(planning, 'planQuery');
  const app = new SmallApp({ 'a/name': { indexed: true } });
  const query = new PreparedQuery({ a: { $: { where: { nick: 'x' } } } }, { admin: false });
  expect(namesOf(app, query)).toEqual([]);
  app.define('a/nick', { indexed: true });
  app.add('a', 'first', { nick: 'x' });
  expect(namesOf(app, query)).toContain('x');
  app.add('a', 'second', { nick: 'x' });
  expect(namesOf(app, query).filter((value) => value === 'x')).toHaveLength(2);
  expect(plan).toHaveBeenCalledTimes(2);
  plan.mockRestore();
});

test('run() tells each time what is wrong with a query', () => {
  const app = new SmallApp({ 'a/name': {} });
  const query = new PreparedQuery({ a: { $: { limit: 'x' } } }, { admin: false });
  expect(() => query.run(app.source, {})).toThrow('The limit field');
  expect(() => query.run(app.source, {})).toThrow('The limit field');
});
