import { expect, test, vi } from 'vitest';
import { openerWith, openSqliteDatabase } from './sqlite-database.ts';

let opensWith: () => void = () => {};

class BetterSqlite3 {
  readonly path: string;
  readonly options: object | undefined;
  constructor(path: string, options?: object) {
    this.path = path;
    this.options = options;
    opensWith();
  }
  pragma(): void {}
  exec(): void {}
  prepare(): never {
    throw new Error('Not asked for here');
  }
  close(): void {}
}

// As on a Node that has no SQLite.
vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);

vi.mock('../../../runtime/require-installed.ts', () => ({ requireInstalled: () => BetterSqlite3 }));

const failures = [
  'Could not locate the bindings file. Tried:\n → /app/node_modules/better-sqlite3/build/better_sqlite3.node',
  'The module was compiled against a different Node.js version using NODE_MODULE_VERSION 127.',
];
const openers = { 'the installed class': openSqliteDatabase, 'a given class': openerWith(BetterSqlite3) };

test.each(
  Object.entries(openers).flatMap(([name, open]) =>
    failures.map((failure) => [name, failure, open] as const),
  ),
)('%s: a better-sqlite3 without its native part is told from a damaged file: %s', (_name, message, open) => {
  const cause = new Error(message);
  opensWith = () => {
    throw cause;
  };
  expect(() => open('/not/there')).toThrow(
    expect.objectContaining({
      code: 'missing-dependency',
      hint: expect.stringContaining('npm rebuild better-sqlite3'),
      cause,
    }),
  );
});

test.each(Object.entries(openers))(
  '%s: what is wrong with the file is left to be told by its error',
  (_name, open) => {
    let calls = 0;
    opensWith = () => {
      // The first is to see whether it works at all.
      if (++calls > 1) throw new Error('unable to open database file');
    };
    expect(() => open('/not/there')).toThrow('unable to open database file');
  },
);

test('openerWith() gives each class the options that it knows', () => {
  opensWith = () => {};
  expect(openerWith(BetterSqlite3)('/a', { readOnly: true })).toMatchObject({
    path: '/a',
    options: { readonly: true },
  });
  class DatabaseSync extends BetterSqlite3 {}
  // What tells them apart.
  Object.setPrototypeOf(DatabaseSync.prototype, { exec() {}, prepare() {}, open() {}, close() {} });
  expect(openerWith(DatabaseSync)('/a', { readOnly: true })).toMatchObject({
    path: '/a',
    options: { readOnly: true },
  });
});

test('a SQLite that was looked for and not found is said to be missing, and no other', () => {
  opensWith = () => {
    throw new Error('No native part');
  };
  expect(() => openSqliteDatabase('/not/there')).toThrow(/has no node:sqlite, and the native part/);
  expect(() => openerWith(BetterSqlite3)('/not/there')).not.toThrow(/node:sqlite/);
});
