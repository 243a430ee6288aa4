import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';

/** Whether Debian's package `redis-server` is installed here. */
export const hasRedis: boolean = ['redis-server', 'redis-cli'].every(
  (program) => spawnSync(program, ['--version']).status === 0,
);

/** A Redis server of this test's. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Sends a command and gives what the server replies, as `redis-cli` writes it. */
  command(...args: string[]): string;
  /** Ends it as `kill -9` does. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with what it had kept on disk. */
  start(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it and removes what it has on disk. */
  remove(): Promise<void>;
}

/** What a server is started with beyond what all of them are: it has in a file what it has acknowledged. */
export type RedisSettings = Readonly<Record<string, string>>;

/** A server that is ended, and its folder removed, when the test ends. */
export async function startRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const server = await launchRedis(settings);
  onTestFinished(() => server.remove());
  return server;
}

/** A server that somebody else ends. */
export async function launchRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'instant-node-redis-'));
  // Another process may take the port before the server does.
  for (let attempt = 0; ; attempt++) {
    const server = new Server(folder, await freePort(), settings);
    try {
      await server.start();
      return server;
    } catch (error) {
      if (attempt < 4) continue;
      await server.remove();
      throw error;
    }
  }
}

/** Tests that need a server. Without the program there is one test, which says so, and which fails in CI. */
export function describeWithRedis(name: string, body: () => void): void {
  if (hasRedis) {
    describe(name, body);
    return;
  }
  test(`${name}: not tested, as Debian's package redis-server is not installed here`, () => {
    expect(process.env.CI, 'CI has to install the package redis-server').toBeUndefined();
    expect(spawnSync('redis-server', ['--version']).status).not.toBe(0);
  });
}

class Server implements RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: RedisSettings;
  #process: ChildProcess | undefined;

  constructor(folder: string, port: number, settings: RedisSettings) {
    this.#folder = folder;
    this.port = port;
    this.#settings = settings;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('The server has not been started');
    return this.#process.pid;
  }

  async start(): Promise<void> {
    const all: RedisSettings = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.#folder,
      appendonly: 'yes',
      // By default Redis syncs once a second, and holds writing back too while a sync is slow.
      appendfsync: 'always',
      save: '',
      ...this.#settings,
    };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    const output: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        output.push(line);
        if (line.includes('Ready to accept connections')) resolve();
      });
      child.once('exit', (code) =>
        reject(new Error(`redis-server ended with ${code}:\n${output.join('\n')}`)),
      );
      child.once('error', reject);
    });
  }

  command(...args: string[]): string {
    const { requirepass } = this.#settings;
    const login = requirepass === undefined ? [] : ['--no-auth-warning', '-a', requirepass];
    const { stdout, status } = spawnSync('redis-cli', ['-p', String(this.port), ...login, ...args], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`redis-cli ${args.join(' ')} ended with ${status}`);
    return stdout.trim();
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    process.kill(this.pid, 'SIGKILL');
    await exited;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    // By its pid: Deno's `ChildProcess.kill` sends one signal and then no other (seen on 2.9.6).
    process.kill(this.pid, name);
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
