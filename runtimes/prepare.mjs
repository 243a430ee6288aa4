// The script `dependencies`, which npm runs after `npm ci` in a checkout, and never where the package is installed as a
// dependency (of `prepare` it would warn there): brings the other Nodes, so that `npm test` itself downloads nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { locateRuntime } from './locate.mjs';

const folder = fileURLToPath(new URL('node/', import.meta.url));
const stamp = `${folder}node_modules/.installed`;

const wanted = Object.keys(JSON.parse(readFileSync(`${folder}package.json`, 'utf8')).optionalDependencies);
const digest = createHash('sha256')
  .update(readFileSync(`${folder}package-lock.json`))
  .digest('hex');

const isInstalled = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
const isForProduction = (process.env.npm_config_omit ?? '').split(/\s+/).includes('dev');

if (!isInstalled && !isForProduction) install();

function install() {
  // No scripts: better-sqlite3 takes a compiler and half a minute, which `npm test` spends when it needs it.
  const { status } = spawnSync(
    process.execPath,
    [process.env.npm_execpath ?? '', 'ci', '--ignore-scripts', '--loglevel=error'],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const missing = wanted.filter((name) => name.startsWith('node') && !locateRuntime(name).found);
  if (status === 0 && missing.length === 0) {
    writeFileSync(stamp, digest);
    return;
  }
  console.error(
    `Could not install ${missing.join(', ') || 'all of runtimes/node'}: npm test will leave out its runs there.`,
    'All else works; `npm run dependencies` tries again.',
  );
}
