import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

interface Room {
  /** Folders or files, below `src`. */
  readonly holds: readonly string[];
  readonly mayImport: readonly string[];
}

/** What stands beside the rooms, for all of them. */
const SHARED: readonly string[] = [
  'backoff.ts',
  'errors.ts',
  'invalid-option.ts',
  'nearest.ts',
  'recent-map.ts',
  'register.ts',
  'version.ts',
];

/** The rooms of `src`, from the table of CONTRIBUTING.md. */
function roomsOfTable(): Room[] {
  const cells = read('CONTRIBUTING.md')
    .split('\n')
    .filter((line) => line.startsWith('| `src/'))
    .map((line) =>
      line.split('|').map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)),
    );
  return cells.map(([, names = [], , imports = []]) => {
    const [first = '', ...others] = names;
    const folder = posix.dirname(first);
    const holds = [first, ...others.map((name) => `${folder}/${name}`)].map((path) =>
      path.slice('src/'.length),
    );
    return { holds, mayImport: [...imports, ...SHARED] };
  });
}

/** Whether a file is in a place: a file, a folder with all in it, or with `/*` behind it the files of a folder alone. */
const isWithin = (path: string, place: string): boolean =>
  place.endsWith('/*')
    ? posix.dirname(path) === posix.dirname(place)
    : path === place || path.startsWith(`${place}/`);
/** Tests and what they share may reach further. */
const isForTests = (path: string): boolean =>
  /\.(test|test-d|fixture)\.ts$|\/testing\/|\/test-app\.ts$/.test(path);

const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !isForTests(path));

const rooms = roomsOfTable();

/** The innermost place of the table that has a file, with its room. */
function placeOf(path: string): { place: string; room: Room } | undefined {
  const places = rooms.flatMap((room) => room.holds.map((place) => ({ place, room })));
  return places
    .filter(({ place }) => isWithin(path, place))
    .sort((a, b) => b.place.length - a.place.length)[0];
}

/** What a file imports, lazily or not. */
const importsOf = (path: string): string[] =>
  ts.preProcessFile(read(`src/${path}`)).importedFiles.map(({ fileName }) => fileName);

test('the table of CONTRIBUTING.md has every file of src', () => {
  const homeless = files.filter((path) => !placeOf(path) && !SHARED.includes(path));
  expect(homeless).toEqual([]);
});

test.each(rooms.flatMap(({ holds }) => holds))('src/%s imports what the table lets it', (place) => {
  const own = files.filter((path) => placeOf(path)?.place === place);
  expect(own).not.toEqual([]);
  const allowed = [place, ...(placeOf(place)?.room.mayImport ?? [])];
  const trespasses = own.flatMap((path) =>
    importsOf(path)
      .filter((name) => name.startsWith('.'))
      .map((name) => posix.join(posix.dirname(path), name))
      .filter((target) => !allowed.some((it) => isWithin(target, it)))
      .map((target) => `${path} imports ${target}`),
  );
  expect(trespasses).toEqual([]);
});

/** The room of a file: its folder; what stands at the top of `src` is a room each. */
const roomOf = (path: string): string => (path.includes('/') ? posix.dirname(path) : path);

/** What the files of each room import from others; types count, too. */
function roomImports(): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const path of files) {
    const room = roomOf(path);
    const targets = imports.get(room) ?? new Set();
    imports.set(room, targets);
    for (const name of importsOf(path).filter((it) => it.startsWith('.'))) {
      const target = roomOf(posix.join(posix.dirname(path), name));
      if (target !== room) targets.add(target);
    }
  }
  return imports;
}

/** A way from a room back to itself. */
function circleIn(imports: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (done.has(folder)) return undefined;
    done.add(folder);
    for (const target of imports.get(folder) ?? []) {
      const circle = visit(target, [...path, folder]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const folder of imports.keys()) {
    const circle = visit(folder, []);
    if (circle) return circle;
  }
  return undefined;
}

test('no rooms of src import each other in a circle', () => {
  expect(circleIn(roomImports())).toBeUndefined();
});

test.each(['client', 'backend'])(
  'the table has a row for every room of src/%s, below the rows of those that it may import',
  (house) => {
    const inner = [...roomImports().keys()].filter((room) => room.startsWith(`${house}/`));
    const rows = rooms.flatMap(({ holds }) => holds).filter((place) => place.startsWith(`${house}/`));
    expect(rows.toSorted()).toEqual(inner.toSorted());
    for (const [at, place] of rows.entries()) {
      const imports = placeOf(place)?.room.mayImport.filter((it) => it.startsWith(`${house}/`)) ?? [];
      expect(rows.slice(0, at)).toEqual(expect.arrayContaining(imports));
    }
  },
);

test.each(['backend/store', 'backend/query', 'backend/transact'])(
  'src/%s has no clock and no I/O',
  (folder) => {
    const own = files.filter((path) => isWithin(path, folder));
    expect(own.flatMap(importsOf).filter((name) => !name.startsWith('.'))).toEqual([]);
    const impure =
      /\b(Date\.now|new Date\(\)|Math\.random|randomUUID|performance\.|process\.|setTimeout|setInterval|fetch\()/;
    expect(own.filter((path) => impure.test(read(`src/${path}`)))).toEqual([]);
  },
);

/** The words in backticks of a sentence of CONTRIBUTING.md. */
function namedIn(sentence: RegExp): string[] {
  const [said = ''] = sentence.exec(read('CONTRIBUTING.md').replaceAll('\n', ' ')) ?? [];
  return [...said.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

test('no file imports more than 15 others, but those that CONTRIBUTING.md names', () => {
  const many = files.filter((path) => {
    const targets = new Set(importsOf(path).filter((name) => name.startsWith('.')));
    return targets.size > 15;
  });
  expect(many.toSorted()).toEqual(namedIn(/No file is longer .*?\. /s).toSorted());
});

test('half of the files have at most 70 lines, nine of ten at most 160, and all at most 400', () => {
  const lengths = files.map((path) => read(`src/${path}`).split('\n').length).toSorted((a, b) => a - b);
  const at = (part: number): number => lengths[Math.floor((lengths.length - 1) * part)] ?? 0;
  expect(at(0.5)).toBeLessThanOrEqual(70);
  expect(at(0.9)).toBeLessThanOrEqual(160);
  expect(at(1)).toBeLessThanOrEqual(400);
});

test('no two files have one name, but those that CONTRIBUTING.md names', () => {
  const repeated = new Set(
    files.map((path) => posix.basename(path)).filter((name, at, all) => all.indexOf(name) !== at),
  );
  const runtimes = ['bun.ts', 'deno.ts', 'node.ts'];
  const named = namedIn(/No two files of `src` .*?have\. /s).filter((name) => name.endsWith('.ts'));
  expect([...repeated].toSorted()).toEqual([...named, ...runtimes].toSorted());
});

test('every file and folder of this repository that CONTRIBUTING.md names is there', () => {
  const paths = [
    ...read('CONTRIBUTING.md').matchAll(
      /`((?:src|conformance|runtimes|docs|bench|build|\.github)\/[^`*<\s]*)`/g,
    ),
  ];
  const named = paths.map(([, path = '']) => path);
  expect(named).toContain('src/client/core-internals.ts');
  expect(named.filter((path) => !existsSync(root + path))).toEqual([]);
});
