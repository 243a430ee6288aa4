import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

// What some suites need beyond the root's install is installed at the first `npm test`, each in a folder here.

/** @typedef {'official' | 'embedding'} Room */

const folderOf = (room) => fileURLToPath(new URL(`${room}/`, import.meta.url));
const stampOf = (room) => `${folderOf(room)}node_modules/.installed`;

/**
 * Whether the packages of a room, by its lockfile, are installed.
 * @param {Room} room
 */
export function hasPackages(room) {
  const stamp = stampOf(room);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOfLockfile(room);
}

/**
 * Installs the packages of a room unless that has been done; the first time takes half a minute and the registry.
 * Resolves with why they cannot be used here, or undefined when they can.
 * @param {Room} room
 * @returns {Promise<{ reason?: string, output: string, ms: number }>}
 */
export async function ensurePackages(room) {
  if (hasPackages(room)) return { output: '', ms: 0 };
  const npm = process.env.npm_execpath;
  if (npm === undefined) return { reason: 'not installed yet: start the tests by npm', output: '', ms: 0 };
  // No scripts: none of these packages needs one here, and some would download.
  const command = [process.execPath, npm, 'ci', '--ignore-scripts', '--loglevel=error'];
  const { code, output, ms } = await run(command, { cwd: folderOf(room), timeoutMs: 600_000 });
  if (code !== 0) return { reason: `npm ci failed in runtimes/${room}`, output, ms };
  writeFileSync(stampOf(room), digestOfLockfile(room));
  return { output, ms };
}

function digestOfLockfile(room) {
  return createHash('sha256')
    .update(readFileSync(`${folderOf(room)}package-lock.json`))
    .digest('hex');
}
