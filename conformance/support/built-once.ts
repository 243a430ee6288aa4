import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const DAY_MS = 86_400_000;

let folder: string | undefined;

/**
 * The file `name` that `build` makes of the sources of the package, in the place that it is given: made once for all
 * processes of all runtimes, until one of the sources changes.
 */
export async function builtOnce(name: string, build: (outfile: string) => Promise<void>): Promise<string> {
  folder ??= folderOfSources();
  const file = `${folder}/${name}`;
  if (existsSync(file)) return file;
  // Under a name of its own, as others may build the same: what is there under the other is whole.
  const draft = `${folder}/${randomUUID()}-${name}`;
  await build(draft);
  renameSync(draft, file);
  return file;
}

function folderOfSources(): string {
  const all = `${root}.tmp/built`;
  const found = `${all}/${digestOfSources()}`;
  if (!existsSync(found)) removeOld(all);
  mkdirSync(found, { recursive: true });
  return found;
}

/** Of all that what is built depends on, but for the versions of the packages that it does not name. */
function digestOfSources(): string {
  const hash = createHash('sha256');
  const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .sort();
  const all = ['package-lock.json', 'conformance/support/child.ts', ...sources.map((path) => `src/${path}`)];
  for (const path of all) hash.update(`${path}\0`).update(readFileSync(root + path));
  return hash.digest('hex').slice(0, 16);
}

function removeOld(all: string): void {
  for (const name of existsSync(all) ? readdirSync(all) : []) {
    const { mtimeMs } = statSync(`${all}/${name}`);
    if (Date.now() - mtimeMs > DAY_MS) rmSync(`${all}/${name}`, { recursive: true, force: true });
  }
}
