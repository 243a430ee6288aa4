import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import {
  coreVersion,
  differences,
  hashesOf,
  hashesOfCore,
  parsed,
  type Registered,
  registered,
} from './core-internals/core-texts.fixture.ts';

const kept = fileURLToPath(new URL('./core-internals/core-hashes.fixture.ts', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Writes the hashes of what is installed in the place of those that were kept: see "Bump core" in CONTRIBUTING.md. */
function writeHashes(): void {
  const hashes = Object.entries(hashesOfCore()).map(([name, hash]) => `    '${name}': '${hash}',`);
  const text = `/** Hashes of what core-internals.ts registers, as written by its test. */
export const hashed: { readonly version: string; readonly hashes: Readonly<Record<string, string>> } = {
  version: '${coreVersion}',
  hashes: {
${hashes.join('\n')}
  },
};
`;
  writeFileSync(kept, text);
}

if (process.env.WRITE_CORE_HASHES) writeHashes();
const { hashed } = await import('./core-internals/core-hashes.fixture.ts');

test('what this package relies upon in core is as it was read', () => {
  expect(differences(hashed.hashes, hashesOfCore())).toEqual([]);
});

test('the version that was read is the one that is installed, and no other', () => {
  const pinned = manifest.dependencies['@instantdb/core'];
  expect({ read: hashed.version, installed: coreVersion }).toEqual({ read: pinned, installed: pinned });
});

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A number below `limit`, another for each member and seed. */
function pick(name: string, limit: number): number {
  let hash = seed;
  for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 16_777_619) >>> 0;
  return hash % limit;
}

/** Where a name or a text of a module has a letter; but for names of methods, which take their branches with them. */
function lettersIn(source: ts.SourceFile): number[] {
  const places: number[] = [];
  const visit = (node: ts.Node): void => {
    const isName =
      ts.isMethodDeclaration(node.parent ?? node) && node === (node.parent as ts.MethodDeclaration).name;
    if ((ts.isIdentifier(node) || ts.isStringLiteral(node)) && !isName) {
      for (let at = node.getStart(source); at < node.getEnd(); at++) {
        if (/[a-z]/i.test(source.text[at] ?? '')) places.push(at);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}

/** Five of a module's branches, of its fields and of the rest. */
function picked(own: readonly Registered[], source: ts.SourceFile): Registered[] {
  const kindOf = (one: Registered): string => {
    if (one.name.includes(' ') && !one.name.endsWith('()')) return 'branch';
    const { start = 0 } = one.spansIn(source)[0] ?? {};
    return /^\w+( =|;)/.test(source.text.slice(start, start + 80)) ? 'field' : 'method';
  };
  const shuffled = [...own].sort((a, b) => pick(a.name, 2 ** 31) - pick(b.name, 2 ** 31));
  return ['branch', 'field', 'method'].flatMap((kind) =>
    shuffled.filter((one) => kindOf(one) === kind).slice(0, 5),
  );
}

const modules = [...new Set(registered.map(({ module }) => module))];

test.each(modules)(`a letter that changes in %s is found in what has it (SEED=${seed})`, (module) => {
  const source = parsed(module);
  const { text } = source;
  const before = hashesOf(source);
  const letters = lettersIn(source);
  const own = registered.filter((one) => one.module === module);
  const spans = new Map(own.map((one) => [one, one.spansIn(source)]));
  const isIn = (one: Registered, at: number): boolean =>
    spans.get(one)?.some(({ start, end }) => start <= at && at < end) ?? false;
  for (const one of picked(own, source)) {
    const its = letters.filter((at) => isIn(one, at));
    // A field that is not declared is only where a method, which has changed then too, sets it.
    const alone = its.filter((at) => own.every((other) => other === one || !isIn(other, at)));
    const choice = alone.length > 0 ? alone : its;
    const at = choice[pick(one.name, choice.length)] ?? -1;
    const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
    const found = differences(before, hashesOf(parsed(module, changed)), own);
    const names = found.map((line) => line.replace(/ (has changed|is gone)$/, ''));
    expect(names).toContain(one.name);
    expect(names).toEqual(own.filter((it) => isIn(it, at)).map(({ name }) => name));
  }
});
