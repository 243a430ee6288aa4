import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../processes.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const stamp = `${folder}node_modules/.installed`;

/** Whether the official packages of this lockfile are installed. */
export function hasOfficialPackages() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOfLockfile();
}

/**
 * Installs the official packages unless that has been done; the first time takes half a minute and the registry.
 * Resolves with why they cannot be used here, or undefined when they can.
 * @returns {Promise<{ reason?: string, output: string, ms: number }>}
 */
export async function ensureOfficialPackages() {
  if (hasOfficialPackages()) return { output: '', ms: 0 };
  const npm = process.env.npm_execpath;
  if (npm === undefined) return { reason: 'not installed yet: start the tests by npm', output: '', ms: 0 };
  // No scripts: none of these packages needs one here, and some would download.
  const command = [process.execPath, npm, 'ci', '--ignore-scripts', '--loglevel=error'];
  const { code, output, ms } = await run(command, { cwd: folder, timeoutMs: 600_000 });
  if (code !== 0) return { reason: 'npm ci failed in runtimes/official', output, ms };
  writeFileSync(stamp, digestOfLockfile());
  return { output, ms };
}

function digestOfLockfile() {
  return createHash('sha256')
    .update(readFileSync(`${folder}package-lock.json`))
    .digest('hex');
}
