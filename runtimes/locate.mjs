import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { currentNode } from './plan.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @typedef {{ name: string, found: true, version: string, command: string[] }} FoundRuntime
 * @typedef {{ name: string, found: false, reason: string }} MissingRuntime
 */

/**
 * Finds the program of a runtime and asks it for its version; `command` runs a script when its path follows.
 * @param {string} name
 * @returns {FoundRuntime | MissingRuntime}
 */
export function locateRuntime(name) {
  const command = commandOf(name);
  const { stdout, error, status } = spawnSync(command[0], ['--version'], { encoding: 'utf8' });
  const version = /\d+\.\d+\.\d+/.exec(stdout ?? '')?.[0];
  if (error || status !== 0 || version === undefined) {
    const program = command[0].replace(root, '');
    return { name, found: false, reason: `${program} is missing or does not run; npm ci installs it` };
  }
  return { name, found: true, version, command };
}

/** The programs themselves, not the wrappers in `.bin`: a wrapper would be one more process to end. */
function commandOf(name) {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  if (name === currentNode) return [process.execPath];
  if (name === 'bun') return [`${root}node_modules/bun/bin/bun.exe`, '--bun'];
  if (name === 'deno') return [`${root}node_modules/deno/deno${suffix}`, 'run', '--allow-all', '--no-lock'];
  return [`${root}runtimes/node/node_modules/${name}/bin/node${suffix}`];
}

/** Whether the current Node needs better-sqlite3 for SQLite (older ones have none of their own). */
export function needsBetterSqlite3() {
  try {
    createRequire(import.meta.url)('node:sqlite');
    return false;
  } catch {
    return true;
  }
}
