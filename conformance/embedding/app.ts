import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { transform } from 'esbuild';
import { locateRuntime } from '../../runtimes/locate.mjs';
import { type Installed, install } from './packages.ts';
import { Running, toTheEnd } from './processes.ts';
import type { Report, Settings } from './program.ts';
import { root, type World } from './world.ts';

let count = 0;

/** The project of a user, with the package installed from its archive. */
export class App {
  readonly folder: string;
  readonly world: World;
  #runs = 0;

  private constructor(world: World) {
    this.world = world;
    this.folder = join(world.folder, `app-${++count}`);
  }

  /**
   * Makes one with the shared program in it, as `program.mjs` and `program.cjs`.
   * @param beside What else is installed: names, or `name as another`.
   */
  static async create(world: World, beside: readonly string[] = []): Promise<App> {
    const app = new App(world);
    await mkdir(app.folder);
    await app.write('package.json', '{ "name": "app", "private": true }');
    const source = await readFile(join(root, 'conformance/embedding/program.ts'), 'utf8');
    for (const [format, extension] of [
      ['esm', 'mjs'],
      ['cjs', 'cjs'],
    ] as const) {
      const { code } = await transform(source, { loader: 'ts', format, platform: 'node', target: 'node20' });
      await app.write(`program.${extension}`, code);
    }
    const wanted: Installed[] = [{ name: '@instantdb/node', from: world.unpacked }, ...beside.map(located)];
    install(app.folder, wanted, [join(root, 'node_modules')]);
    return app;
  }

  /** Writes a file, by its path from the app's folder. */
  async write(path: string, text: string): Promise<void> {
    const file = resolve(this.folder, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
  }

  /** A folder of its own, from which no package is found; the shared program is there too. */
  async elsewhere(): Promise<string> {
    const folder = `${this.folder}-alone`;
    await mkdir(folder, { recursive: true });
    for (const name of ['program.mjs', 'program.cjs'])
      await copyFile(join(this.folder, name), join(folder, name));
    return folder;
  }

  /** The version of a package that is installed beside ours. */
  async versionOf(name: string): Promise<string> {
    const manifest = await readFile(join(this.folder, 'node_modules', name, 'package.json'), 'utf8');
    return (JSON.parse(manifest) as { version: string }).version;
  }

  /** What a program is told, and where its report will be. */
  async settings(): Promise<{ env: NodeJS.ProcessEnv; readReport: () => Promise<Report> }> {
    const { appId, apiURI, redisUrl } = this.world;
    const folder = join(this.folder, `run-${++this.#runs}`);
    await mkdir(folder);
    const report = join(folder, 'report.json');
    const settings: Settings = { appId, apiURI, folder, report, ...(redisUrl && { redisUrl }) };
    return {
      env: { ...environment(), EMBEDDING: JSON.stringify(settings) },
      readReport: async () => JSON.parse(await readFile(report, 'utf8')) as Report,
    };
  }

  /** Runs a command of a runtime to its end; throws what it printed when that is not a success. */
  async run(
    runtime: string,
    args: readonly string[],
    more: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
  ): Promise<string> {
    const [program = '', ...before] = commandOf(runtime);
    const { code, output } = await toTheEnd(program, [...before, ...args], {
      cwd: more.cwd ?? this.folder,
      env: { ...environment(), ...more.env },
    });
    if (code !== 0) throw new Error(`${runtime} ${args.join(' ')} ended with ${code}:\n${output}`);
    return output;
  }

  /** Runs the shared program to its end, and gives what it reported. */
  async report(runtime: string, args: readonly string[], cwd?: string): Promise<Report> {
    const { env, readReport } = await this.settings();
    await this.run(runtime, args, { env, ...(cwd !== undefined && { cwd }) });
    return await readReport();
  }

  /** As `report`, of a program that needs no runtime. */
  async reportOf(program: string): Promise<Report> {
    const { env, readReport } = await this.settings();
    const { code, output } = await toTheEnd(program, [], { cwd: this.folder, env });
    if (code !== 0) throw new Error(`${program} ended with ${code}:\n${output}`);
    return await readReport();
  }

  /** Starts what ends when it is told to. */
  start(runtime: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
    const [program = '', ...before] = commandOf(runtime);
    return new Running(program, [...before, ...args], { cwd: this.folder, env });
  }

  async remove(): Promise<void> {
    for (const folder of [this.folder, `${this.folder}-alone`])
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The folders that packages are installed from: see package.json, runtimes/embedding and runtimes/node. */
const shelves = ['node_modules', 'runtimes/embedding/node_modules', 'runtimes/node/node_modules'].map(
  (path) => join(root, path),
);

/** A file of a tool that is installed for these tests. */
export function toolPath(path: string): string {
  return shelves.map((shelf) => join(shelf, path)).find(existsSync) ?? path;
}

function located(what: string): Installed {
  const [source = '', name = source] = what.split(' as ');
  return { name, from: toolPath(source) };
}

/** What starts a runtime; a name such as `node20.18` is that of an exact version in runtimes/embedding. */
export function commandOf(runtime: string): string[] {
  if (/^node\d+\.\d+$/.test(runtime)) return [toolPath(`${runtime}/bin/node`)];
  const located = locateRuntime(runtime);
  if (!located.found) throw new Error(located.reason);
  return located.command;
}

function environment(): NodeJS.ProcessEnv {
  // Without what Vitest tells of itself, to other test runners too, and without colours, which are for people.
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_ENV|TEST|FORCE_COLOR|EXPECT_)/.test(name),
  );
  return {
    ...Object.fromEntries(own),
    NO_COLOR: '1',
    DENO_NO_UPDATE_CHECK: '1',
    NEXT_TELEMETRY_DISABLED: '1',
  };
}
