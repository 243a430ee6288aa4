import { expect, test, vi } from 'vitest';
import { openSqliteDatabase } from './database.ts';

let opensWith: () => void = () => {};

// As on a Node that has no SQLite.
vi.mock('../../../runtime/require-here.ts', () => ({
  requireHere: () => () => {
    throw new Error('No such built-in module: node:sqlite');
  },
}));

vi.mock('../../../runtime/require-installed.ts', () => ({
  requireInstalled: () =>
    class {
      constructor() {
        opensWith();
      }
      close(): void {}
    },
}));

test.each([
  'Could not locate the bindings file. Tried:\n → /app/node_modules/better-sqlite3/build/better_sqlite3.node',
  'The module was compiled against a different Node.js version using NODE_MODULE_VERSION 127.',
])(
  'openSqliteDatabase() tells a better-sqlite3 without its native part from a damaged file: %s',
  (message) => {
    const cause = new Error(message);
    opensWith = () => {
      throw cause;
    };
    expect(() => openSqliteDatabase('/not/there')).toThrow(
      expect.objectContaining({
        code: 'missing-dependency',
        hint: expect.stringContaining('npm rebuild better-sqlite3'),
        cause,
      }),
    );
  },
);

test('openSqliteDatabase() leaves what is wrong with the file to be told by its error', () => {
  let calls = 0;
  opensWith = () => {
    // The first is to see whether it works at all.
    if (++calls > 1) throw new Error('unable to open database file');
  };
  expect(() => openSqliteDatabase('/not/there')).toThrow('unable to open database file');
});
