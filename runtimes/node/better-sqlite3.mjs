import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../processes.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));

/**
 * Compiles better-sqlite3 for the current Node unless that has been done; the first time takes half a minute
 * and a C++ compiler. Resolves with why it cannot be used here, or undefined when it can.
 * @returns {Promise<{ reason?: string, output: string, ms: number }>}
 */
export async function ensureBetterSqlite3() {
  const loaded = await load();
  if (loaded.code === 0) return { output: '', ms: loaded.ms };
  const npm = process.env.npm_execpath;
  if (npm === undefined) return { reason: 'not compiled yet: start the tests by npm', output: '', ms: 0 };
  const built = await run([process.execPath, npm, 'rebuild', 'better-sqlite3'], {
    cwd: folder,
    env: { ...process.env, ...buildEnvironment() },
    timeoutMs: 600_000,
  });
  const { code } = await load();
  if (code === 0) return { output: '', ms: built.ms };
  return { reason: 'better-sqlite3 did not compile', output: built.output, ms: built.ms };
}

function load() {
  const script = "new (require('better-sqlite3'))(':memory:').close()";
  return run([process.execPath, '-e', script], { cwd: folder, timeoutMs: 60_000 });
}

function buildEnvironment() {
  // Tests want it soon rather than fast, and from the headers that came with this Node: the build would
  // otherwise download them.
  const prefix = resolve(dirname(process.execPath), '..');
  const hasHeaders = existsSync(`${prefix}/include/node/node.h`);
  return {
    CFLAGS: '-O0',
    CXXFLAGS: '-O0',
    JOBS: 'max',
    npm_config_build_from_source: 'true',
    ...(hasHeaders && { npm_config_nodedir: prefix }),
  };
}
