import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { startBackend } from '../index.ts';
import { NOT_SERVED, unservedRoutes } from './unserved-routes.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

test('README names every kind of endpoint that is not served, and what else is refused', () => {
  const [, named = ''] = /^\| Backend: (webhooks.*?) *\|/m.exec(readme) ?? [];
  // Refused by the endpoints for sign-in providers, which are served.
  const refusedElsewhere = 'GitHub and Apple sign-in';
  expect(named.split(', ')).toEqual([...Object.keys(NOT_SERVED), refusedElsewhere]);
});

test('no endpoint is of two kinds', () => {
  const places = Object.values(NOT_SERVED).flat();
  expect(places.length).toBeGreaterThan(50);
  expect(new Set(places).size).toBe(places.length);
});

test.each(Object.entries(NOT_SERVED))('endpoints for %s answer 501, below them too', async (_, places) => {
  const backend = await startBackend();
  onTestFinished(() => backend.close());
  const app = backend.createApp();
  for (const place of places) {
    const path = place.replace(':app_id', app.id);
    for (const below of [path, `${path}/more`]) {
      const response = await fetch(`${backend.url}${below}`, { method: 'POST' });
      expect({ below, status: response.status }).toEqual({ below, status: 501 });
      expect(await response.json()).toMatchObject({ message: expect.stringContaining(`POST ${below}`) });
    }
  }
  expect(unservedRoutes().length).toBeGreaterThan(0);
});
