import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a command printed, on both of its outputs. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface Options {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** More than any of these takes on a busy machine; less than a test may. */
const HANGS_AFTER_MS = 840_000;

/** Runs a command to its end, and ends whatever hangs, with all that it has started. */
export async function toTheEnd(program: string, args: readonly string[], options: Options): Promise<Ended> {
  await using running = new Running(program, args, options);
  return await running.ended;
}

/** A process under way, with those that it starts. */
export class Running implements AsyncDisposable {
  /** What it has printed so far, on both of its outputs. */
  output = '';
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  #told: () => void = () => undefined;

  constructor(program: string, args: readonly string[], { cwd, env }: Options) {
    // A group of its own, so that what it starts can be ended with it.
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    const timer = setTimeout(() => {
      this.#keep('\nStopped: it did not end by itself\n');
      this.#end('SIGKILL');
    }, HANGS_AFTER_MS);
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      // What it left behind would hold its outputs open.
      child.on('exit', () => this.#end('SIGKILL'));
      child.on('close', (code) => {
        clearTimeout(timer);
        this.#keep('');
        resolve({ code, output: this.output });
      });
    });
  }

  /** Waits until it has printed what fits; throws what it did print when it ends before. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`Ended before it printed ${pattern}:\n${this.output}`);
      }
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#end('SIGTERM');
    await exited;
  }

  #keep(text: string): void {
    this.output += text;
    this.#told();
  }

  #end(signal: NodeJS.Signals): void {
    try {
      if (this.#process.pid !== undefined) process.kill(-this.#process.pid, signal);
    } catch {
      // Already gone.
    }
  }
}
