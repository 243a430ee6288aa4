import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hasRedis, launchRedis, type RedisServer } from '../support/redis.ts';
import { install } from './packages.ts';

const run = promisify(execFile);

/** The root of this repository. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** What all of the programs of a suite share. */
export interface World extends AsyncDisposable {
  /** The file that `npm pack` makes. */
  readonly archive: string;
  /** What is in it. */
  readonly unpacked: string;
  /** Of this world; removed with it. */
  readonly folder: string;
  readonly appId: string;
  readonly apiURI: string;
  readonly redisUrl: string | undefined;
}

/** Packs the package, and starts a backend of it in a process of its own, and a Redis server where there is one. */
export async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'instant-node-embedding-'));
  const { archive, unpacked } = await pack(folder);
  const [backend, redis] = await Promise.all([
    startBackend(folder, unpacked),
    hasRedis ? launchRedis() : undefined,
  ]);
  return {
    archive,
    unpacked,
    folder,
    appId: backend.appId,
    apiURI: backend.apiURI,
    redisUrl: redis?.url,
    [Symbol.asyncDispose]: () => close(folder, backend.stop, redis),
  };
}

async function close(
  folder: string,
  stop: () => Promise<void>,
  redis: RedisServer | undefined,
): Promise<void> {
  await Promise.all([stop(), redis?.remove()]);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Builds into a folder of its own, as other suites build into `dist` at the same time. */
async function pack(folder: string): Promise<Pick<World, 'archive' | 'unpacked'>> {
  const staging = join(folder, 'staging');
  await mkdir(staging);
  const tsup = join(root, 'node_modules', '.bin', 'tsup');
  await run(tsup, ['--no-dts', '--silent', '--out-dir', join(staging, 'dist')], { cwd: root });
  const { files } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((file) => file !== 'dist')])
    await cp(join(root, name), join(staging, name), { recursive: true });
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: staging });
  const file = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  await run('tar', ['-xzf', file], { cwd: folder });
  return { archive: join(folder, file), unpacked: join(folder, 'package') };
}

const BACKEND = `
import { startBackend } from '@instantdb/node/backend';
const backend = await startBackend();
console.log(JSON.stringify({ appId: backend.createApp().id, apiURI: backend.url }));
process.stdin.on('end', () => backend.close()).resume();
`;

async function startBackend(
  folder: string,
  unpacked: string,
): Promise<{ appId: string; apiURI: string; stop: () => Promise<void> }> {
  const home = join(folder, 'backend');
  await mkdir(home);
  install(home, [{ name: '@instantdb/node', from: unpacked }], [join(root, 'node_modules')]);
  await writeFile(join(home, 'backend.mjs'), BACKEND);
  // Ends with its standard input, so that it does not outlive these tests however they end.
  const child = spawn(process.execPath, ['backend.mjs'], { cwd: home, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    ended.then(([code]) => Promise.reject(new Error(`The backend ended with ${code}`))),
  ]);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  return { ...(JSON.parse(String(line)) as { appId: string; apiURI: string }), stop };
}
