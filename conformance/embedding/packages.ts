import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package in the `node_modules` of an app, under the name that programs import. */
export interface Installed {
  readonly name: string;
  /** The folder it is taken from. */
  readonly from: string;
}

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

/**
 * Installs packages into an app, with all that they depend on, from where they are installed already: no registry is
 * asked. Real folders, not links to them, since a tool tells by its path what belongs to an app.
 * @param elsewhere Where to look for what is not beside a package.
 */
export function install(app: string, packages: readonly Installed[], elsewhere: readonly string[]): void {
  const done = new Set<string>();
  const add = ({ name, from }: Installed): void => {
    if (done.has(name)) return;
    done.add(name);
    linkFolder(from, join(app, 'node_modules', name));
    addDependencies(from, from);
  };
  /** Those of a package, and of the packages within it. */
  const addDependencies = (of: string, within: string): void => {
    for (const dependency of dependenciesOf(of)) {
      const beside = find(dependency, of);
      if (beside?.startsWith(`${within}/`)) addDependencies(beside, within);
      else {
        const found = beside ?? elsewhere.map((folder) => join(folder, dependency)).find(existsSync);
        if (found !== undefined) add({ name: dependency, from: found });
      }
    }
  };
  packages.forEach(add);
}

function dependenciesOf(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
}

/** Where a package is found from a folder, as Node finds it. */
function find(name: string, from: string): string | undefined {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(found)) return found;
  }
  return undefined;
}

/** Links each file where that can be done, and copies it where it cannot, as to another disk. */
function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkFolder(source, target);
    else if (entry.name !== '.installed') linkFile(source, target);
  }
}

function linkFile(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}
