import type { App } from '../app.ts';
import { loading } from '../entry.ts';
import type { Report } from '../program.ts';
import type { Case, ReportOn } from '../tool.ts';

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

async function buildAndServe(app: App, flags: readonly string[], givesRedis: boolean): Promise<ReportOn[]> {
  await app.write('app/layout.js', LAYOUT);
  await app.write('app/page.js', PAGE);
  await app.write('app/api/run/route.js', route(givesRedis));
  const next = 'node_modules/next/dist/bin/next';
  await app.run('node20', [next, 'build', ...flags]);
  const reports: ReportOn[] = [];
  for (const runtime of ['node20', 'node24'])
    reports.push({ runtime, report: await ask(app, runtime, next) });
  return reports;
}

async function ask(app: App, runtime: string, next: string): Promise<Report> {
  const { env } = await app.settings();
  await using server = app.start(runtime, [next, 'start', '--port', '0', '--hostname', '127.0.0.1'], env);
  const [, url = ''] = await server.until(/(http:\/\/127\.0\.0\.1:\d+)/);
  const response = await fetch(`${url}/api/run`, { method: 'POST' });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}\n${server.output}`);
  return (await response.json()) as Report;
}

const nextCase = (
  version: 15 | 16,
  bundler: 'webpack' | 'Turbopack',
  more: Partial<Case> & { givesRedis?: boolean },
): Case => ({
  title: `${version}, ${bundler}${more.title ?? ''}`,
  beside: [`next${version} as next`, 'react', 'react-dom', ...(more.beside ?? [])],
  run: (app) => buildAndServe(app, flagsFor(version, bundler), more.givesRedis ?? false),
});

/** 15 builds by webpack unless it is told otherwise, 16 by Turbopack. */
function flagsFor(version: 15 | 16, bundler: 'webpack' | 'Turbopack'): string[] {
  if (version === 15) return bundler === 'webpack' ? [] : ['--turbopack'];
  return bundler === 'webpack' ? ['--webpack'] : [];
}

export const nextCases: Case[] = [
  nextCase(15, 'webpack', {}),
  nextCase(15, 'Turbopack', { title: ', with ioredis installed', beside: ['ioredis'] }),
  nextCase(16, 'webpack', { title: ', with ioredis installed', beside: ['ioredis'] }),
  nextCase(16, 'Turbopack', {}),
  nextCase(16, 'Turbopack', { title: ', with ioredis installed', beside: ['ioredis'] }),
];
