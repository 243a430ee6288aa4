import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BETTER_SQLITE3_FOLDER } from '../../../conformance/support/better-sqlite3.ts';

/** The command that starts a TypeScript file, until it is removed. */
export interface Program {
  readonly command: readonly [string, ...string[]];
  remove(): void;
}

/** Prepares a file to be started on the runtime that the test runs on. */
export async function programOf(file: URL): Promise<Program> {
  const path = fileURLToPath(file);
  if ('Deno' in globalThis) {
    return { command: [process.execPath, 'run', '--allow-all', '--no-check', path], remove() {} };
  }
  const runsTypeScript = 'Bun' in globalThis || 'typescript' in process.features;
  return runsTypeScript ? { command: [process.execPath, path], remove() {} } : bundle(path);
}

/** For Node 20, which does not run TypeScript. */
async function bundle(path: string): Promise<Program> {
  const { build } = await import('esbuild');
  const folder = mkdtempSync(join(tmpdir(), 'instant-child-'));
  const outfile = join(folder, 'child.mjs');
  await build({
    entryPoints: [path],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['better-sqlite3'],
    // Bundled CommonJS modules look for `require`, which an ES module does not have.
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    logLevel: 'error',
  });
  return {
    command: [process.execPath, outfile],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A child process. */
export class Child {
  readonly process: ChildProcess;
  /** Resolves with the code or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Resolves when all its output has arrived, which can be after its end. */
  readonly outputEnded: Promise<unknown>;
  /** What it printed, line by line. */
  readonly lines: string[] = [];
  readonly #newLine = new EventTarget();
  #errors = '';

  constructor([command, ...args]: readonly [string, ...string[]], more: readonly string[], cwd?: string) {
    this.process = spawn(command, [...args, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd,
      env: { ...process.env, NODE_PATH: BETTER_SQLITE3_FOLDER, NODE_NO_WARNINGS: '1' },
    });
    this.process.stderr?.on('data', (data) => {
      this.#errors += data;
    });
    this.outputEnded = once(this.process, 'close');
    this.ended = once(this.process, 'exit').then(([code, signal]) => code ?? signal);
    if (!this.process.stdout) throw new Error('The process has no output');
    createInterface(this.process.stdout).on('line', (line) => {
      this.lines.push(line);
      this.#newLine.dispatchEvent(new Event('line'));
    });
    void this.ended.then(() => this.#newLine.dispatchEvent(new Event('line')));
  }

  get errors(): string {
    return this.#errors;
  }

  /** The first line that matches; rejects when the process ends without one. */
  async line(pattern: RegExp): Promise<string> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (over) throw new Error(`No line like ${pattern}: ${this.lines.join('\n')}\n${this.#errors}`);
      await new Promise((resolve) => this.#newLine.addEventListener('line', resolve, { once: true }));
    }
  }

  /** Sends a signal that the process may handle. */
  signal(signal: NodeJS.Signals): void {
    // The child's own kill() would make Deno report that signal as the end, whatever the exit code (seen on 2.9.6).
    if (this.process.pid !== undefined) process.kill(this.process.pid, signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal);
    await this.ended;
  }
}
