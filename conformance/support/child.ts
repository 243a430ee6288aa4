import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { builtOnce } from './built-once.ts';
import { type Inbox, inbox } from './inbox.ts';
import { runtime } from './runtime.ts';

/** Far more than any of these processes takes, and less than a test may: one that still runs then hangs. */
const HANGS_AFTER_MS = 240_000;

const root = fileURLToPath(new URL('../../', import.meta.url));
const entry = runtime.startsWith('node') ? 'node' : runtime;
const prefix: string[] = runtime === 'deno' ? ['run', '--allow-all', '--no-lock'] : [];

/** What Node 22 says of `node:sqlite` on its standard error (seen on 22.23.3). */
const SQLITE_WARNING = /^\(node:\d+\) ExperimentalWarning: SQLite .*\n\(Use .*\n/m;

/** A process of the runtime that the tests run on. */
export interface Child {
  /** What it printed, by lines. */
  readonly lines: Inbox<string>;
  /** How it ended: by itself with `code`, or by `signal`, which is `SIGKILL` when it had to be stopped. */
  readonly ended: Promise<{ code: number | null; signal: string | null; errors: string }>;
  kill(): void;
}

/** A program that was built. */
export interface Program {
  /** What is run. */
  readonly file: string;
  start(input: unknown, options?: StartOptions): Child;
  remove(): void;
}

/** How a program is started. */
export interface StartOptions {
  /** What the runtime is told, in the place of what it is told else. */
  readonly flags?: readonly string[];
  /** What its environment has besides that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** When it is ended for one that hangs, in ms. */
  readonly hangsAfterMs?: number;
}

/**
 * Builds a program of `conformance/programs`, importing the package by its public name, and returns what starts it.
 * With `copies`, others that a program can load lie beside it. A process that is left when the test ends is ended with it.
 */
export async function buildProgram(
  name: string,
  { copies = false }: { copies?: boolean } = {},
): Promise<Program> {
  mkdirSync(`${root}.tmp`, { recursive: true });
  // Inside the project, where the runtimes find its packages.
  const folder = mkdtempSync(`${root}.tmp/program-`);
  await Promise.all([
    bundle(`conformance/programs/${name}.ts`, `${folder}/program.mjs`),
    bundleOfSources(`src/${entry}.ts`, `${folder}/package.mjs`),
    bundleOfSources('src/backend/index.ts', `${folder}/backend.mjs`),
    bundleOfSources('src/client/core-globals.ts', `${folder}/core-globals.mjs`),
    ...(copies ? copiesIn(folder) : []),
  ]);
  return {
    file: `${folder}/program.mjs`,
    start: (input, { flags = prefix, env = {}, hangsAfterMs = HANGS_AFTER_MS } = {}) =>
      start([...flags, `${folder}/program.mjs`, JSON.stringify(input)], env, hangsAfterMs),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The copy that `require` gives, and one with all that it needs in one file, for a context of its own. */
function copiesIn(folder: string): Promise<void>[] {
  return [
    bundleOfSources(`src/${entry}.ts`, `${folder}/package.cjs`),
    bundleOfSources(`src/${entry}.ts`, `${folder}/whole.cjs`, 'bundle'),
    bundleOfSources('src/client/core-globals.ts', `${folder}/core-globals.cjs`),
  ];
}

/** The same as {@link bundle} for a source of the package: of each there is one, of which programs get copies. */
async function bundleOfSources(
  source: string,
  outfile: string,
  packages: 'external' | 'bundle' = 'external',
): Promise<void> {
  const name = `${source.replaceAll('/', '-')}-${basename(outfile)}`;
  copyFileSync(await builtOnce(name, (draft) => bundle(source, draft, packages)), outfile);
}

/** Builds one file as the package is built: other packages stay outside, and so does what must run before them. */
async function bundle(
  source: string,
  outfile: string,
  packages: 'external' | 'bundle' = 'external',
): Promise<void> {
  const ending = outfile.slice(outfile.lastIndexOf('.'));
  const outside: Record<string, string> = {
    '@instantdb/node': `./package${ending}`,
    '@instantdb/node/backend': `./backend${ending}`,
    './core-globals.ts': `./core-globals${ending}`,
  };
  await build({
    entryPoints: [root + source],
    outfile,
    bundle: true,
    format: ending === '.cjs' ? 'cjs' : 'esm',
    platform: 'node',
    target: 'node20',
    packages,
    logLevel: 'error',
    plugins: [
      {
        name: 'outside',
        setup({ onResolve }) {
          onResolve({ filter: /^@instantdb\/node(\/backend)?$|\/core-globals\.ts$/ }, ({ path, kind }) =>
            kind === 'entry-point' ? undefined : { path: outside[path], external: true },
          );
        },
      },
    ],
  });
}

function start(args: string[], env: Readonly<Record<string, string>>, hangsAfterMs: number): Child {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1', ...env },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = inbox<string>();
  createInterface({ input: child.stdout }).on('line', lines.push);
  return { lines, ended: endOf(child, hangsAfterMs), kill: () => child.kill('SIGKILL') };
}

function endOf(child: ChildProcess, hangsAfterMs: number): Child['ended'] {
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), hangsAfterMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, errors: errors.replace(SQLITE_WARNING, '') });
    });
  });
}
