import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { isBuiltin } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, parse, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { locateRuntime, needsBetterSqlite3 } from '../../runtimes/locate.mjs';
import { currentNode } from '../../runtimes/plan.mjs';
import { type CodeBlock, codeBlocks } from './code-blocks.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

// Colours are for people, and Vitest asks the programs it starts for them.
const plain: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };

function commandFor(runtime: string): string[] {
  const located = locateRuntime(runtime);
  if (!located.found) throw new Error(located.reason);
  return located.command;
}

let folder: string;
let archive: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'instant-node-packed-'));
  await rm(join(root, 'dist'), { recursive: true, force: true });
  await run(bin('tsup'), ['--silent'], { cwd: root });
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  archive = join(folder, (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '');
  await writeFile(join(folder, 'package.json'), '{ "name": "bare", "private": true }');
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', archive], { cwd: folder });
  // A limit for what hangs: the declarations take minutes where the machine is busy.
}, 900_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A program that does the main job against the backend of the same package, and prints what it got. */
const body = (load: (name: string) => string): string => `
${load('@instantdb/node')}
${load('@instantdb/node/backend')}
async function main() {
  const backend = await startBackend();
  const app = await backend.createApp();
  const db = init({ appId: app.id, apiURI: backend.url });
  await db.transact(db.tx.goals[id()].create({ title: 'Ship' }));
  const { data } = await db.queryOnce({ goals: {} });
  await db.close();
  await backend.close();
  console.log(JSON.stringify(data.goals.map((goal) => goal.title)), nodeVersion);
}
main();
`;
const names: Record<string, string> = {
  '@instantdb/node': '{ init, id, nodeVersion }',
  '@instantdb/node/backend': '{ startBackend }',
};
const esm = body((name) => `import ${names[name]} from '${name}';`);
const cjs = body((name) => `const ${names[name]} = require('${name}');`);

/** A program that opens storage redis, where there is none, and prints what `init` throws. */
const redisBody = `
try {
  const redis = { url: 'redis://127.0.0.1:9' };
  const db = init({ appId: '5f3e1a1e-0000-4000-8000-000000000000', apiURI: 'http://127.0.0.1:9', storage: 'redis', redis });
  console.log('opened');
  db.subscribeErrors(() => {});
  db.close({ timeoutMs: 0 });
} catch (error) {
  console.log(error.code, error.hint);
}`;
const redisModule = `import { init } from '@instantdb/node';${redisBody}`;
const redisCommonJs = `const { init } = require('@instantdb/node');${redisBody}`;

describe('the packed archive, installed in a bare project', () => {
  test.each([
    [currentNode, 'main.mjs', esm],
    [currentNode, 'main.cjs', cjs],
    ['node24', 'main.mjs', esm],
    ['node24', 'main.cjs', cjs],
    ['bun', 'main.mjs', esm],
    ['bun', 'main.cjs', cjs],
    ['deno', 'main.mjs', esm],
  ])('does the main job on %s as %s', async (runtime, file, program) => {
    await writeFile(join(folder, file), program);
    const [command = '', ...args] = commandFor(runtime);
    const { stdout } = await run(command, [...args, file], { cwd: folder });
    expect(stdout).toBe('["Ship"] 0.1.0\n');
  });

  test.each(['node22', 'node24'])(
    'is CommonJS that requires no ES module, on %s as before 22.12',
    async (runtime) => {
      await writeFile(join(folder, 'main.cjs'), cjs);
      const [command = '', ...args] = commandFor(runtime);
      const { stdout } = await run(command, [...args, '--no-experimental-require-module', 'main.cjs'], {
        cwd: folder,
      });
      expect(stdout).toBe('["Ship"] 0.1.0\n');
    },
  );

  test.each(['node', 'bun', 'deno'])('chooses the entry of the runtime on %s', async (runtime) => {
    const program = `
      import * as chosen from '@instantdb/node';
      import * as own from '@instantdb/node/${runtime}';
      console.log(chosen.init === own.init);`;
    await writeFile(join(folder, 'entry.mjs'), program);
    const [command = '', ...args] = commandFor(runtime === 'node' ? currentNode : runtime);
    const { stdout } = await run(command, [...args, 'entry.mjs'], { cwd: folder });
    expect(stdout).toBe('true\n');
  });

  test.each([
    ['main.mjs', esm, 'esm'],
    ['main.cjs', cjs, 'cjs'],
    // As functions in the cloud are deployed.
    [
      'stored.mjs',
      esm.replace('apiURI: backend.url', `$&, storage: 'filesystem', storagePath: './bundled'`),
      'cjs',
    ],
  ] as const)('can be bundled, without a warning, from %s', async (file, program, format) => {
    expect(await runBundled(file, program, format)).toBe('["Ship"] 0.1.0\n');
  });

  test.each(['esm', 'cjs'] as const)(
    'works in a bundle as %s that has folded "typeof window", as those for servers do',
    async (format) => {
      const folding = { plugins: [folded('typeof window')] };
      expect(await runBundled('main.mjs', esm, format, folding)).toBe('["Ship"] 0.1.0\n');
    },
  );

  test('says what to do in a bundle in which core would not connect', async () => {
    const program = `
      import { id, init } from '@instantdb/node';
      try {
        init({ appId: id(), apiURI: 'http://127.0.0.1:9' });
      } catch ({ code, hint }) {
        console.log(code, hint);
      }`;
    const folding = { plugins: [folded('typeof window', 'typeof chrome')] };
    expect(await runBundled('folded.mjs', program, 'esm', folding)).toMatch(
      /^unsupported-runtime .*serverExternalPackages: \['@instantdb\/node'\]/,
    );
  });

  test.each([['--target=node'], ['--target=bun'], ['--compile']])(
    'works in what bun build %s makes',
    async (how) => {
      await writeFile(join(folder, 'main.mjs'), esm);
      const outfile = join(folder, 'bun-build', how === '--compile' ? 'program' : 'program.mjs');
      await run(bin('bun'), ['build', 'main.mjs', how, `--outfile=${outfile}`], { cwd: folder });
      const runners: Record<string, string[]> = {
        '--target=node': [process.execPath, outfile],
        '--target=bun': [...commandFor('bun'), outfile],
        '--compile': [outfile],
      };
      const [command = '', ...args] = runners[how] ?? [];
      expect((await run(command, args, { cwd: folder })).stdout).toBe('["Ship"] 0.1.0\n');
      await rm(dirname(outfile), { recursive: true });
    },
  );

  describe('without ioredis, storage redis says what to install, at once', () => {
    const missing = 'missing-dependency Run: npm install ioredis@5';

    test.each([
      [currentNode, 'redis.mjs', redisModule],
      [currentNode, 'redis.cjs', redisCommonJs],
      ['node24', 'redis.mjs', redisModule],
      ['node24', 'redis.cjs', redisCommonJs],
      ['bun', 'redis.mjs', redisModule],
      ['bun', 'redis.cjs', redisCommonJs],
      ['deno', 'redis.mjs', redisModule],
    ])('on %s as %s', async (runtime, file, program) => {
      await writeFile(join(folder, file), program);
      const [command = '', ...args] = commandFor(runtime);
      const { stdout } = await run(command, [...args, file], { cwd: folder });
      expect(stdout).toContain(missing);
    });

    test.each([
      ['redis.mjs', redisModule, 'esm'],
      ['redis.cjs', redisCommonJs, 'cjs'],
      ['redis.mjs', redisModule, 'cjs'],
    ] as const)('in a bundle of %s', async (file, program, format) => {
      expect(await runBundled(file, program, format)).toContain(missing);
    });
  });

  test.each([
    ['redis.mjs', redisModule, 'esm'],
    ['redis.cjs', redisCommonJs, 'cjs'],
  ] as const)(
    'finds ioredis beside a bundle of %s, which does not hold it',
    async (file, program, format) => {
      const beside = join(folder, 'bundle', 'node_modules');
      await mkdir(beside, { recursive: true });
      await symlink(join(root, 'node_modules', 'ioredis'), join(beside, 'ioredis'), 'dir');
      try {
        expect(await runBundled(file, program, format)).toBe('opened\n');
      } finally {
        await rm(beside, { recursive: true });
      }
    },
  );

  test('takes ioredis into a bundle where option redis.Redis gives its class', async () => {
    const installed = join(folder, 'node_modules', 'ioredis');
    await symlink(join(root, 'node_modules', 'ioredis'), installed, 'dir');
    const program = `
      import { Redis } from 'ioredis';
      ${redisModule.replace('{ url:', '{ Redis, url:')}`;
    try {
      await makeBundle('classes.mjs', program, 'cjs');
    } finally {
      await rm(installed);
    }
    expect(await runMade('classes.mjs', 'cjs')).toBe('opened\n');
  });

  // The folder has no better-sqlite3, which newer Nodes need none of.
  test.runIf(needsBetterSqlite3())(
    'without better-sqlite3, storage sqlite says what to install',
    async () => {
      const program = `
      import { id, init } from '@instantdb/node';
      try {
        init({ appId: id(), apiURI: 'http://127.0.0.1:9', storage: 'sqlite', storagePath: './not-there/yet.sqlite' });
      } catch ({ code, hint }) {
        console.log(code, hint);
      }`;
      await writeFile(join(folder, 'sqlite.mjs'), program);
      const [command = '', ...args] = commandFor(currentNode);
      const { stdout } = await run(command, [...args, 'sqlite.mjs'], { cwd: folder });
      expect(stdout).toMatch(/^missing-dependency .*better-sqlite3/);
    },
  );

  test('finds what is installed beside the program where Deno has the sources from the web, as from JSR', async () => {
    await using server = await serveSources();
    // What the build has compiled in.
    for (const name of [
      'agent-base',
      'debug',
      'eventsource-parser',
      'https-proxy-agent',
      'isows',
      'ms',
      'proxy-from-env',
      'ws',
    ]) {
      const beside = join(folder, 'node_modules', name);
      await symlink(join(root, 'node_modules', name), beside, 'dir');
      onTestFinished(() => rm(beside));
    }
    const { imports } = JSON.parse(readFileSync(join(root, 'jsr.json'), 'utf8')) as { imports: object };
    const config = join(folder, 'deno-web.json');
    await writeFile(config, JSON.stringify({ imports, nodeModulesDir: 'manual' }));
    const program = `
      ${redisModule.replace('@instantdb/node', `${server.url}/src/deno.ts`)}
      const db = init({ appId: id(), apiURI: 'http://127.0.0.1:9', storage: 'sqlite', storagePath: './web.sqlite' });
      await db.close({ timeoutMs: 0 });
      console.log('sqlite');`;
    await writeFile(join(folder, 'web.mjs'), program.replace('{ init }', '{ id, init }'));
    const [command = '', ...args] = commandFor('deno');
    const { stdout } = await run(command, [...args, '--config', config, 'web.mjs'], { cwd: folder });
    expect(stdout).toMatch(/^missing-dependency Run: npm install ioredis@5.*\nsqlite\n$/);
  });

  test('changes no global in a bundle that uses little of it', async () => {
    const program = `
      import { id } from '@instantdb/node';
      console.log(id().length, Object.getOwnPropertyNames(globalThis).filter((name) => /instant/i.test(name)));`;
    expect(await runBundled('little.mjs', program, 'esm')).toBe('36 []\n');
  });

  test('is at most 3 MiB, without source maps, and has no script that npm would ask about', async () => {
    const files = await readdir(installedIn(folder), { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    expect(paths.filter((path) => path.endsWith('.map'))).toEqual([]);
    expect(paths.reduce((bytes, path) => bytes + statSync(path).size, 0)).toBeLessThanOrEqual(
      3 * 1_024 * 1_024,
    );
    const { scripts } = await manifestIn(folder);
    for (const name of [
      'preinstall',
      'install',
      'postinstall',
      'prepublish',
      'preprepare',
      'prepare',
      'postprepare',
    ])
      expect(scripts).not.toHaveProperty(name);
  });

  test('imports its dependencies and built-in modules alone, and names no optional package to a bundler', async () => {
    const { dependencies } = await manifestIn(folder);
    const dist = join(installedIn(folder), 'dist');
    const { metafile } = await build({
      absWorkingDir: dist,
      entryPoints: (await readdir(dist))
        .filter((name) => /\.c?js$/.test(name))
        .map((name) => ({ in: `./${name}`, out: name })),
      outdir: 'never-written',
      write: false,
      bundle: true,
      packages: 'external',
      platform: 'node',
      metafile: true,
      logLevel: 'silent',
    });
    const imported = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports.map(({ path }) => path))
      .filter((specifier) => !isBuiltin(specifier));
    const packages = new Set(imported.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0]));
    expect([...packages].sort()).toEqual(Object.keys(dependencies).sort());
  });

  test.each(['@marcbachmann/cel-js', 'isows', 'jose', 'srvx', 'ws'])(
    'names the licence of %s, which is compiled in',
    async (name) => {
      const notices = await readFile(join(installedIn(folder), 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
      const origin = join(root, 'node_modules', name);
      const { version } = JSON.parse(await readFile(join(origin, 'package.json'), 'utf8')) as {
        version: string;
      };
      const license = (await readdir(origin)).find((file) => /^licen[cs]e/i.test(file)) ?? '';
      expect(notices).toContain(`${name} ${version} (MIT)`);
      expect(notices).toContain((await readFile(join(origin, license), 'utf8')).trim());
    },
  );

  test('brings nothing that the tree alone has', async () => {
    const { stdout } = await run('npm', ['ls', '--all', '--json'], { cwd: folder });
    expect(JSON.parse(stdout)).not.toHaveProperty('problems');
  });

  test.each([
    ['nodenext', 'typed.mts'],
    ['nodenext', 'typed.cts'],
    ['preserve', 'typed.ts'],
  ])('type-checks for a user without ambient types of any runtime: module %s, %s', async (module, file) => {
    const program = `
      import { i, init, id } from '@instantdb/node';
      import { startBackend } from '@instantdb/node/backend';
      const schema = i.schema({ entities: { goals: i.entity({ title: i.string() }) }, links: {}, rooms: {} });
      async function main(): Promise<void> {
        const backend = await startBackend();
        const db = init({ appId: id(), apiURI: backend.url, schema });
        for await (const { data } of db.watch({ goals: {} })) {
          const title: string | undefined = data.goals[0]?.title;
          console.log(title);
        }
        await db[Symbol.asyncDispose]();
      }
      void main();`;
    await typeCheck({ [file]: program }, { module, skipLibCheck: false, types: [] });
  });
});

/** Versions of TypeScript beside the root's, and an older core: as others have it, and as `@instantdb/react` may bring it. */
const official = join(root, 'runtimes', 'official', 'node_modules');
const compilers: Record<string, string> = {
  '5.9': join(official, 'typescript-5', 'bin', 'tsc'),
  '6.0': join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  '7.0': join(official, 'typescript-7', 'bin', 'tsc'),
};

/** What a user relies on: texts are texts, schemas of another core are taken, guards narrow. */
const typed = `
import { i, id, init, isInstantNodeError, isServerRefusal } from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';
import { i as others } from 'instantdb-core-older';

type IsAny<T> = 0 extends 1 & T ? true : false;
const schema = i.schema({
  entities: {
    goals: i.entity({ title: i.string(), state: i.string<'open' | 'done'>().optional(), due: i.date() }),
    owners: i.entity({ email: i.string().unique().indexed() }),
  },
  links: {
    goalOwner: {
      forward: { on: 'goals', has: 'one', label: 'owner' },
      reverse: { on: 'owners', has: 'many', label: 'goals' },
    },
  },
  rooms: { chat: { presence: i.entity({ name: i.string() }) } },
});
const foreign = others.schema({
  entities: { goals: others.entity({ title: others.string() }), owners: others.entity({ email: others.string() }) },
  links: {
    goalOwner: {
      forward: { on: 'goals', has: 'one', label: 'owner' },
      reverse: { on: 'owners', has: 'many', label: 'goals' },
    },
  },
  rooms: { chat: { presence: others.entity({ name: others.string() }) } },
});

export async function main(): Promise<void> {
  const backend = await startBackend();
  const app = backend.createApp({ schema: foreign });
  const db = init({ appId: app.id, apiURI: backend.url, schema });
  for await (const { data } of db.watch({ goals: { owner: {} } })) {
    const isAny: IsAny<(typeof data.goals)[number]['title']> = false;
    const title: string | undefined = data.goals[0]?.title;
    const email: string | undefined = data.goals[0]?.owner?.email;
    console.log(isAny, title, email);
    // @ts-expect-error A text is no number.
    const wrong: number | undefined = data.goals[0]?.title;
    console.log(wrong);
  }
  db.joinRoom('chat', 'lobby').subscribePresence({}, ({ peers }) => {
    const names: string[] = Object.values(peers).map(({ name }) => name);
    console.log(names);
  });
  await db.transact(db.tx.goals[id()]!.create({ title: 'Ship', due: new Date() }));

  const shared = init({ appId: app.id, apiURI: backend.url, schema: foreign });
  const { data } = await shared.queryOnce({ goals: { owner: {} } });
  const ids: (string | undefined)[] = data.goals.map(({ owner }) => owner?.id);
  console.log(ids);
  // @ts-expect-error No such entity.
  await shared.queryOnce({ goal: {} });
  shared.joinRoom('chat', 'lobby').publishPresence({});

  try {
    await db.close();
  } catch (error) {
    if (isInstantNodeError(error, 'storage')) console.log(error.code satisfies 'storage');
    if (isServerRefusal(error, 'record-not-unique')) console.log(error.type satisfies 'record-not-unique');
  }
}
`;

describe('the types of the packed archive', () => {
  beforeAll(async () => {
    const core = join(folder, 'node_modules', 'instantdb-core-older');
    await symlink(join(official, 'instantdb-core-older'), core, 'dir');
  });

  // Without the DOM core's own declarations do not check (`IDBDatabase`, `UnderlyingSink`).
  const ways = [
    ['nodenext', 'matrix.mts', { lib: ['es2023'], types: ['node'], skipLibCheck: true }],
    ['node16', 'matrix.cts', { lib: ['es2023'], types: ['node'], skipLibCheck: true }],
    ['preserve', 'matrix.ts', { lib: ['es2023', 'dom'], types: [] }],
  ] as const;

  test.each(
    Object.keys(compilers).flatMap((version) =>
      ways.map(([module, file, rest]) => [version, module, file, rest] as const),
    ),
  )('fit TypeScript %s with module %s, %s, %o', async (version, module, file, rest) => {
    expect(existsSync(compilers[version] ?? ''), 'npm test installs runtimes/official').toBe(true);
    const options = { module, skipLibCheck: false, noUncheckedIndexedAccess: true, ...rest };
    await typeCheck({ [file]: typed }, options, compilers[version]);
  });

  test('cost no more than core’s: instantiations of a schema, and of 30 queries, within 1.05 times', async () => {
    for (const entities of [10, 50, 150]) {
      const [core = 0, ours = 0] = await Promise.all(
        ['@instantdb/core', '@instantdb/node'].map((name) => instantiationsOf(name, entities)),
      );
      expect(core).toBeGreaterThan(1_000);
      expect(ours / core, `${entities} entities: ${ours}, core ${core}`).toBeLessThanOrEqual(1.05);
    }
  });
});

/** How often the compiler instantiates a type for a schema of so many entities and 30 queries on it. */
async function instantiationsOf(name: string, count: number): Promise<number> {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const entities = numbers.map(
    (n) => `e${n}: i.entity({ title: i.string(), n${n}: i.number().indexed().optional(), due: i.date() })`,
  );
  const links = numbers.slice(1).map(
    (n) => `l${n}: { forward: { on: 'e${n}', has: 'one', label: 'previous' },
      reverse: { on: 'e${n - 1}', has: 'many', label: 'next' } }`,
  );
  const queries = numbers
    .slice(0, 30)
    .map((n) => `export const q${n} = db.queryOnce({ e${n}: { next: {}, $: { where: { n${n}: 1 } } } });`);
  const program = `import { i, init } from '${name}';
    const schema = i.schema({ entities: { ${entities} }, links: { ${links} }, rooms: {} });
    const db = init({ appId: '', schema });
    ${queries.slice(0, -1).join('\n')}`;
  const project = await mkdtemp(join(folder, 'cost-'));
  await writeFile(join(project, 'cost.mts'), program);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    target: 'es2023',
    module: 'nodenext',
    skipLibCheck: true,
  };
  const config = { compilerOptions: { ...compilerOptions, types: [] }, files: ['cost.mts'] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = await run(bin('tsc'), ['-p', project, '--extendedDiagnostics']);
  return Number(/Instantiations: +(\d+)/.exec(stdout)?.[1]);
}

/** Serves the sources as JSR does: by addresses, not as files. */
async function serveSources(): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://here');
    response.setHeader('content-type', 'text/typescript').end(readFileSync(join(root, pathname)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

const installedIn = (project: string): string => join(project, 'node_modules', '@instantdb', 'node');

interface Manifest {
  readonly dependencies: object;
  readonly scripts: object;
}

async function manifestIn(project: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(installedIn(project), 'package.json'), 'utf8')) as Manifest;
}

/** Puts "undefined" in place of questions, as bundlers for servers do. */
function folded(...questions: string[]): Plugin {
  return {
    name: 'folded',
    setup(bundle) {
      bundle.onLoad({ filter: /\.[cm]?js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const contents = questions.reduce((code, question) => code.replaceAll(question, '"undefined"'), text);
        return { contents };
      });
    },
  };
}

type Format = 'esm' | 'cjs';
type Bundling = { readonly plugins?: Plugin[] };

async function runBundled(
  file: string,
  program: string,
  format: Format,
  how: Bundling = {},
): Promise<string> {
  await makeBundle(file, program, format, how);
  return runMade(file, format);
}

const bundleOf = (file: string, format: Format): string =>
  join('bundle', `${parse(file).name}${format === 'esm' ? '.mjs' : '.cjs'}`);

async function runMade(file: string, format: Format): Promise<string> {
  return (await run(process.execPath, [bundleOf(file, format)], { cwd: folder })).stdout;
}

/** One file, with nothing configured. */
async function makeBundle(file: string, program: string, format: Format, how: Bundling = {}): Promise<void> {
  await writeFile(join(folder, file), program);
  const { warnings } = await build({
    absWorkingDir: folder,
    entryPoints: [file],
    outfile: bundleOf(file, format),
    bundle: true,
    platform: 'node',
    format,
    logLevel: 'silent',
    ...how,
  });
  expect(warnings.map(({ text }) => text)).toEqual([]);
}

async function typeCheck(
  programs: Readonly<Record<string, string>>,
  options: object,
  compiler: string = bin('tsc'),
): Promise<void> {
  const files = Object.keys(programs);
  for (const file of files) await writeFile(join(folder, file), programs[file] ?? '');
  const compilerOptions = {
    noEmit: true,
    strict: true,
    target: 'es2023',
    typeRoots: [join(root, 'node_modules', '@types')],
    ...options,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  // What it finds is on its standard output.
  await run(process.execPath, [compiler, '-p', folder]).catch(({ stdout }) => {
    throw new Error(String(stdout));
  });
}

describe('README and docs', () => {
  const read = (path: string): CodeBlock[] => codeBlocks(readFileSync(join(root, path), 'utf8'));
  const [blocks, storage, backend] = ['README.md', 'docs/storage.md', 'docs/backend.md'].map(read) as [
    CodeBlock[],
    CodeBlock[],
    CodeBlock[],
  ];
  const of = (language: string, from: CodeBlock[] = blocks): string[] =>
    from.filter((block) => block.language === language).map(({ code }) => code);

  test('has less than 150 lines, and no block that this file does not run', () => {
    expect(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(150);
    const languages = (from: CodeBlock[]): string[] =>
      [...new Set(from.map(({ language }) => language))].sort();
    // How storages are copied is run by `conformance/client/storage-copies.test.ts`.
    expect([blocks, storage, backend].map(languages)).toEqual([
      ['js', 'sh', 'ts'],
      ['sh', 'ts'],
      ['sh', 'ts'],
    ]);
  });

  test('link to what is in the archive, each document of it', async () => {
    const { stdout } = await run('tar', ['-tzf', archive]);
    const files = stdout.split('\n').map((path) => path.replace(/^package\//, ''));
    const documents = files.filter((file) => file.endsWith('.md'));
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'docs/storage.md']));
    const links = documents.flatMap((document) => {
      const text = readFileSync(join(root, document), 'utf8');
      const targets = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#]+)[^)]*\)/g)].map(
        ([, target = '']) => target,
      );
      return targets.map((target) => ({ document, target: posix.join(posix.dirname(document), target) }));
    });
    expect(links.length).toBeGreaterThan(4);
    expect(links.filter(({ target }) => !files.includes(target))).toEqual([]);
  });

  test.each([currentNode, 'node24', 'bun', 'deno'])('its JavaScript runs on %s', async (runtime) => {
    const printed = await runAll(runtime, of('js'), 'mjs');
    expect(printed[0]).toContain('Ship it');
    expect(printed[1]).toMatch(/^http:\/\/127\.0\.0\.1:\d+ [0-9a-f-]{36} 0\n$/);
  });

  test.each(['node24', 'bun', 'deno'])('its TypeScript runs on %s', async (runtime) => {
    const [printed] = await runAll(runtime, of('ts'), 'mts');
    expect(printed).toContain('ann@example.com 0');
    expect(printed).toContain('record-not-unique 400 `email` is a unique attribute on `owners`');
    expect(printed).toContain('there is no option "storge" Did you mean "storage"?');
  });

  test.each(['node24', 'bun', 'deno'])('the TypeScript of docs/storage.md runs on %s', async (runtime) => {
    const [printed] = await runAll(runtime, of('ts', storage), 'mts');
    expect(printed).toMatch(/^(enqueued|synced)\n/);
  });

  test.each(['node24', 'bun', 'deno'])('the TypeScript of docs/backend.md runs on %s', async (runtime) => {
    const [printed] = await runAll(runtime, of('ts', backend), 'mts');
    expect(printed).toBe('Bob sees 0\nAnn sees 0\n');
  });

  test('its programs type-check, and those of the docs', async () => {
    const programs = [...of('js'), ...of('ts'), ...of('ts', storage), ...of('ts', backend)];
    const files = Object.fromEntries(programs.map((code, index) => [`readme-${index}.mts`, code]));
    await typeCheck(files, { module: 'nodenext', skipLibCheck: true, types: ['node'] });
  });

  test('its commands do what it says', async () => {
    const how: Record<string, () => Promise<unknown>> = {
      // With the archive for the name, as nothing is published from here.
      'npm install @instantdb/node': () => installs('npm', ['install', '--prefer-offline', archive]),
      'bun add @instantdb/node': () => installs(bin('bun'), ['add', archive]),
      // JSR serves the sources; that it takes them is tested below.
      'deno add jsr:@instantdb/node': () => run(bin('deno'), ['check', 'src/index.ts'], { cwd: root }),
      'npx instant-node backend --data ./.instant': () => backendInTerminal(['--data', './.instant']),
      'npm ci && npm run demo': () => demo(),
      // This very test is run by it, in .ci/run on a clean checkout.
      'npm ci && npm test': async () => {
        expect(readFileSync(join(root, '.ci', 'run'), 'utf8')).toMatch(/^npm ci\nnpm test -- "\$@"$/m);
      },
    };
    const commands = of('sh').flatMap((code) => code.trim().split('\n'));
    expect([...commands].sort()).toEqual(Object.keys(how).sort());
    for (const command of commands) await how[command]?.();
  });

  test('the command of docs/backend.md takes the files that it names', async () => {
    const [line = ''] = of('sh', backend).map((code) => code.trim());
    const [, flags = ''] = /^npx instant-node backend (.+)$/.exec(line) ?? [];
    const schema = 'i.schema({ entities: { todos: i.entity({ text: i.string() }) }, links: {}, rooms: {} })';
    const files = {
      'instant.schema.ts': `import { i } from '@instantdb/core';\nexport default ${schema};\n`,
      'instant.perms.ts': `const rules: object = { todos: { allow: { view: 'true' } } };\nexport default rules;\n`,
      'seed.json': '{ "todos": [{ "text": "Test" }] }',
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await rm(join(folder, '.instant'), { recursive: true, force: true });
    await backendInTerminal(flags.split(' '));
  });

  async function runAll(runtime: string, programs: string[], extension: string): Promise<string[]> {
    const printed: string[] = [];
    for (const [index, code] of programs.entries()) {
      const file = `readme-${runtime}-${index}.${extension}`;
      await writeFile(join(folder, file), code);
      const [command = '', ...args] = commandFor(runtime);
      printed.push((await run(command, [...args, file], { cwd: folder, env: plain })).stdout);
      for (const made of ['goals.sqlite', 'instant-data']) {
        await rm(join(folder, made), { force: true, recursive: true });
      }
    }
    return printed;
  }

  async function installs(command: string, args: string[]): Promise<void> {
    const project = await mkdtemp(join(tmpdir(), 'instant-node-install-'));
    await writeFile(join(project, 'package.json'), '{ "name": "bare", "private": true }');
    await run(command, args, { cwd: project });
    expect(await readdir(join(project, 'node_modules', '@instantdb'))).toContain('node');
    await rm(project, { recursive: true, force: true });
  }

  /** On a Node that has SQLite and a free port instead of the usual one, and ended as Ctrl-C does. */
  async function backendInTerminal(flags: string[]): Promise<void> {
    const command = join(folder, 'node_modules', '.bin', 'instant-node');
    const PATH = `${dirname(commandFor('node24')[0] ?? '')}${delimiter}${process.env.PATH}`;
    const child = spawn(command, ['backend', ...flags, '--port', '0'], {
      cwd: folder,
      env: { ...plain, PATH },
    });
    let printed = '';
    child.stderr.on('data', (chunk) => {
      printed += String(chunk);
    });
    let isEnding = false;
    for await (const chunk of child.stdout) {
      printed += String(chunk);
      if (isEnding || !/http:\/\/127\.0\.0\.1:\d+/.test(printed) || !/admin/i.test(printed)) continue;
      // Once: a second Ctrl-C ends it without care.
      isEnding = child.kill('SIGINT');
    }
    const code = await new Promise((resolve) => {
      if (child.exitCode !== null) resolve(child.exitCode);
      else child.once('exit', resolve);
    });
    expect(code, printed).toBe(0);
    expect(await readdir(join(folder, '.instant'))).not.toEqual([]);
  }

  async function demo(): Promise<void> {
    const { stdout } = await run(process.execPath, ['examples/demo/main.mjs'], {
      cwd: root,
      env: { ...plain, DEMO_SECONDS: '3' },
    });
    expect(stdout).toContain('The three clients and the backend hold identical states.');
    expect(stdout).toMatch(/goes offline; its writes queue/);
  }
});

describe('the manifests', () => {
  test('attw finds no problem', async () => {
    const { stdout } = await run(bin('attw'), [archive, '--format', 'json'], { cwd: folder });
    const { analysis, problems } = JSON.parse(stdout) as { analysis: object; problems?: object };
    expect(analysis).toBeTruthy();
    expect(problems ?? {}).toEqual({});
  });

  test('publint finds no problem', async () => {
    const { stdout } = await run(bin('publint'), ['--strict', '--pack', 'false'], { cwd: root });
    expect(stdout).toContain('All good');
  });

  test('JSR would take the sources, without slow types', async () => {
    const { stderr } = await run(bin('deno'), ['publish', '--dry-run', '--allow-dirty'], {
      cwd: root,
      env: plain,
    });
    expect(stderr).toContain('Dry run complete');
    expect(stderr).not.toMatch(/(error|warning)\[/);
  });
});
