import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { officialPackage } from '../installed.ts';

/** What a command ended with; `output` is what it printed to either stream, without colours. */
export interface Ended {
  code: number | null;
  stdout: string;
  output: string;
}

const guard = fileURLToPath(new URL('loopback-only.mjs', import.meta.url));

/** A project of a user of Instant in a folder of its own, where instant-cli can be run. */
export class Project {
  readonly folder: string;
  readonly #apiURI: string;

  private constructor(folder: string, apiURI: string) {
    this.folder = folder;
    this.#apiURI = apiURI;
  }

  static async create(apiURI: string): Promise<Project> {
    const folder = await mkdtemp(join(tmpdir(), 'instant-cli-project-'));
    const project = new Project(folder, apiURI);
    await mkdir(join(folder, 'home'));
    await symlink(officialPackage(''), join(folder, 'node_modules'));
    await project.write('package.json', JSON.stringify({ dependencies: { '@instantdb/react': '1.0.67' } }));
    return project;
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.folder, file), text);
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'utf8');
  }

  /** Runs instant-cli to its end; `env` says who asks, and about which app. */
  run(args: string[], env: Record<string, string> = {}): Promise<Ended> {
    const child = spawn(
      process.execPath,
      ['--import', guard, officialPackage('instant-cli/bin/index.js'), ...args],
      {
        cwd: this.folder,
        // Nothing of the machine's own: a login file, or a variable that names another app.
        env: {
          PATH: process.env.PATH,
          HOME: join(this.folder, 'home'),
          INSTANT_CLI_API_URI: this.#apiURI,
          NO_COLOR: '1',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 240_000,
      },
    );
    const ended: Ended = { code: null, stdout: '', output: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      ended.stdout += text;
      ended.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      ended.output += text;
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ ...ended, code }));
    });
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
