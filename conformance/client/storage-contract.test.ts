import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { openFilesystemStorage } from '../../src/drivers/storage/filesystem/filesystem.ts';
import { generationsOf, lockFile } from '../../src/drivers/storage/lock/lock-file.ts';
import { fileNameOf } from '../../src/drivers/storage/scope-file-name.ts';
import { openSqliteStorage } from '../../src/drivers/storage/sqlite/sqlite.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { storageContract, storageOptions } from '../support/storage-contract.ts';

/** Makes the next generation of a lock, as another process does that takes its owner for dead. */
function usurp(place: string): void {
  writeFileSync(lockFile(place, (generationsOf(place).at(-1) ?? 0) + 1), 'held\n');
}

storageContract('filesystem', {
  durable: true,
  exclusive: true,
  newPlace() {
    const folder = `${temporaryFolder()}/data`;
    return {
      open: (options) => openFilesystemStorage(folder, options),
      usurp: (scope) => usurp(`${folder}/${fileNameOf(scope)}/scope`),
    };
  },
});

if (hasSqlite) {
  storageContract('sqlite', {
    durable: true,
    exclusive: true,
    newPlace() {
      const file = `${temporaryFolder()}/data.db`;
      return {
        open: (options) => openSqliteStorage(file, options),
        usurp: (scope) => usurp(`${file}.locks/${fileNameOf(scope)}`),
      };
    },
  });
} else {
  describe('sqlite', () => {
    test('better-sqlite3 is not installed here, which is what the error says', () => {
      expect(() => openSqliteStorage(`${temporaryFolder()}/data.db`, storageOptions())).toThrow(
        expect.objectContaining({ code: 'missing-dependency' }),
      );
    });
  });
}
