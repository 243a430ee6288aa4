import { startBackend } from '@instantdb/node/backend';
import { onTestFinished } from 'vitest';
import { type ConnectProxy, connectProxy, type ProxyOptions, tlsBefore } from './connect-proxy.ts';
import { schema } from './schema.ts';

/** What the proxies of tests are told as password: nothing may show it. */
export const PASSWORD = 'pass word/of:the proxy';
const USER = `user:${encodeURIComponent(PASSWORD)}`;
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];

/** A backend that is only reached through a proxy: nobody else knows the names by which it is asked for. */
export async function behindProxy(options: Partial<ProxyOptions> = {}) {
  const backend = await startBackend({ allowHosts: ['instant.test'] });
  onTestFinished(() => backend.close());
  const port = Number(new URL(backend.url).port);
  const proxy = await connectProxy({ ports: { 443: await tlsBefore(port), 80: port }, ...options });
  const app = backend.createApp({
    schema,
    rules: { $files: { allow: { $default: 'true' } } },
  });
  return { backend, app, proxy, appId: app.id };
}

/** The URL of a proxy, with the user and {@link PASSWORD}. */
export const through = ({ port }: ConnectProxy, scheme = 'http'): string =>
  `${scheme}://${USER}@localhost:${port}`;

/** Sets variables of the environment until the test ends, and clears all others that name a proxy. */
export function environment(variables: Readonly<Record<string, string>>): void {
  const names = PROXY_VARIABLES.flatMap((name) => [name, name.toLowerCase()]);
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  Object.assign(process.env, variables);
  onTestFinished(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}
