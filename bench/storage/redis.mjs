import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** What is measured is written to one database of the server; what was prepared is kept in the other. */
const DATABASES = { prepared: 0, measured: 1 };

/**
 * Starts a server of its own that keeps an append-only file in `folder`, as it does by default: synced every second.
 * Resolves with undefined where Redis is not installed.
 */
export async function startRedis(folder) {
  const programs = ['redis-server', 'redis-cli'];
  if (programs.some((program) => spawnSync(program, ['--version']).status !== 0)) return undefined;
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', save: '' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const endWithParent = () => child.kill('SIGKILL');
  process.on('exit', endWithParent);
  const ended = once(child, 'close').finally(() => process.off('exit', endWithParent));
  await ready(child);
  const ask = (...command) => {
    const args = ['-p', String(port), '-n', String(DATABASES.measured), ...command];
    const { status, stdout } = spawnSync('redis-cli', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`redis-cli ended with ${status}`);
    return stdout.trim();
  };
  return {
    prepared: `redis://127.0.0.1:${port}/${DATABASES.prepared}`,
    measured: `redis://127.0.0.1:${port}/${DATABASES.measured}`,
    forgetMeasured: () => void ask('flushdb'),
    /** What the server takes for all that has this prefix. */
    bytesOf(prefix) {
      const keys = ask('keys', `${prefix}:*`).split('\n').filter(Boolean);
      return keys.reduce((sum, key) => sum + Number(ask('memory', 'usage', key, 'samples', '0')), 0);
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function ready(child) {
  const output = [];
  // The lines go on being read afterwards: a full pipe would hold the server up.
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${output.join('\n')}`)));
  });
}

/** A port that nobody has at this moment. */
async function freePort() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
