import type { App } from '../app.ts';
import { loading } from '../entry.ts';
import type { Report } from '../program.ts';
import type { Case, ReportOn } from '../tool.ts';

const NEXT = 'node_modules/next/dist/bin/next';

/** How an app is built, and what serves it. */
interface Way {
  readonly flags: readonly string[];
  readonly runtime: string;
  /** `given`: imported by the route, and its class handed over. */
  readonly redis: 'not installed' | 'installed' | 'given';
}

/** Next.js with nothing configured. */
const LAYOUT = `
export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}`;
const PAGE = `
export default function Page() {
  return <p>Hello</p>;
}`;

/** A handler on the server runs the program, which waits for live queries, in a process that goes on. */
const route = (givesRedis: boolean): string => `
${loading({ format: 'esm', givesRedis }).replace('./program.mjs', '../../../program.mjs')}
export async function POST() {
  return Response.json(await program(loaded));
}`;

async function buildAndServe(app: App, { flags, runtime, redis }: Way): Promise<ReportOn[]> {
  await app.write('app/layout.js', LAYOUT);
  await app.write('app/page.js', PAGE);
  await app.write('app/api/run/route.js', route(redis === 'given'));
  await app.run('node20', [NEXT, 'build', ...flags]);
  return [{ runtime, report: await ask(app, runtime) }];
}

async function ask(app: App, runtime: string): Promise<Report> {
  const { env } = await app.settings();
  await using server = app.start(runtime, [NEXT, 'start', '--port', '0', '--hostname', '127.0.0.1'], env);
  const [, url = ''] = await server.until(/(http:\/\/127\.0\.0\.1:\d+)/);
  const response = await fetch(`${url}/api/run`, { method: 'POST' });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}\n${server.output}`);
  return (await response.json()) as Report;
}

const nextCase = (version: 15 | 16, bundler: 'webpack' | 'Turbopack', redis: Way['redis']): Case => ({
  title: `${version}, built by ${bundler}, ioredis ${redis}`,
  beside: [`next${version} as next`, 'react', 'react-dom', ...(redis === 'not installed' ? [] : ['ioredis'])],
  run: (app) =>
    buildAndServe(app, {
      flags: flagsFor(version, bundler),
      // The older one on the Node that lacks SQLite.
      runtime: version === 15 ? 'node20' : 'node24',
      redis,
    }),
});

/** 15 builds by webpack unless it is told otherwise, 16 by Turbopack. */
function flagsFor(version: 15 | 16, bundler: 'webpack' | 'Turbopack'): string[] {
  if (version === 15) return bundler === 'webpack' ? [] : ['--turbopack'];
  return bundler === 'webpack' ? ['--webpack'] : [];
}

export const nextCases: Case[] = [
  nextCase(15, 'webpack', 'not installed'),
  nextCase(15, 'Turbopack', 'installed'),
  nextCase(16, 'webpack', 'given'),
  nextCase(16, 'Turbopack', 'not installed'),
];
