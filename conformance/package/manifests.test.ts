import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nodeVersion } from '../../src/version.ts';

interface Manifest {
  version: string;
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  imports: Record<string, string>;
}

const read = (path: string): Manifest =>
  JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')) as Manifest;
const npm = read('package.json');
const jsr = read('jsr.json');

test('the version is the same in its three places', () => {
  expect({ npm: npm.version, jsr: jsr.version }).toEqual({ npm: nodeVersion, jsr: nodeVersion });
});

test('npm and JSR offer the same names', () => {
  const names = Object.keys(npm.exports).filter((name) => name !== './package.json');
  expect(Object.keys(jsr.exports)).toEqual(names);
});

test('core is pinned to one exact version, the same in both manifests', () => {
  expect(npm.dependencies['@instantdb/core']).toMatch(/^\d+\.\d+\.\d+$/);
  expect(jsr.imports['@instantdb/core']).toBe(`npm:@instantdb/core@${npm.dependencies['@instantdb/core']}`);
});

test('JSR asks for the versions of the dependencies that npm asks for, or has compiled in', () => {
  const ranges = { ...npm.devDependencies, ...npm.dependencies };
  for (const [name, specifier] of Object.entries(jsr.imports)) {
    const [, dependency, range] = /^npm:(@?[^@]+)@([^/]+)/.exec(specifier) ?? [];
    expect({ name, range }).toEqual({ name, range: ranges[dependency ?? ''] });
  }
});

test('JSR knows every dependency', () => {
  const specifiers = Object.values(jsr.imports);
  for (const name of Object.keys(npm.dependencies)) {
    expect(
      specifiers.some((specifier) => specifier.startsWith(`npm:${name}@`)),
      name,
    ).toBe(true);
  }
});

test('JSR knows every package that a source of it imports', () => {
  const src = new URL('../../src/', import.meta.url);
  const published = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !/\.(test|test-d|fixture)\.ts$|test-app|testing|^cli/.test(path),
  );
  const imported = published.flatMap((path) =>
    [
      ...readFileSync(new URL(path, src), 'utf8').matchAll(/^(?! *\*).*(?:from |import\()'([^'.][^']*)'/gm),
    ].map(([, name = '']) => name),
  );
  expect(imported).toContain('@instantdb/core');
  for (const name of imported.filter((one) => !one.startsWith('node:'))) {
    expect(Object.keys(jsr.imports)).toContain(name);
  }
});

test('the bun and deno conditions stand before node, which both of them match too', () => {
  expect(Object.keys(npm.exports['.'] as object)).toEqual(['bun', 'deno', 'node', 'default']);
});
