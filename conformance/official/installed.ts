import { fileURLToPath } from 'node:url';

/** Where an official package is installed: apart from the root, see runtimes/official/package.json. */
export function officialPackage(name: string): string {
  return fileURLToPath(new URL(`../../runtimes/official/node_modules/${name}`, import.meta.url));
}
