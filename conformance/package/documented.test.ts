import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { exportedTypes } from './exported-types.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const entries = ['index', 'node', 'bun', 'deno', 'backend/index'];
const fileOf = (entry: string): string => `${root}src/${entry}.ts`;
const { program, checker, ...types } = exportedTypes(entries.map(fileOf));

/** What an entry exports beside core's names. */
function exportsOf(entry: string): ts.Symbol[] {
  return [...types.of(fileOf(entry)).values()].filter(isOurs);
}

/** Members of a type or a class that are ours and not private. */
function membersOf(symbol: ts.Symbol): ts.Symbol[] {
  const { Interface, Class, TypeAlias } = ts.SymbolFlags;
  if (!(symbol.flags & (Interface | Class | TypeAlias))) return [];
  const members = checker.getDeclaredTypeOfSymbol(symbol).getProperties();
  return members.filter((member) => isOurs(member) && !/^(_|#)/.test(member.name));
}

function isOurs({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some((declaration) => {
    const file = declaration.getSourceFile();
    return !program.isSourceFileFromExternalLibrary(file) && !program.isSourceFileDefaultLibrary(file);
  });
}

// What is deprecated says what it is in its tag.
const isDocumented = (symbol: ts.Symbol): boolean =>
  symbol.getDocumentationComment(checker).length > 0 ||
  symbol.getJsDocTags(checker).some(({ name, text }) => name === 'deprecated' && text);

test.each(entries)('what entry %s exports is documented, name by name and member by member', (entry) => {
  const names = exportsOf(entry);
  expect(names).not.toEqual([]);
  const lacking = names.flatMap((symbol) => [
    ...(isDocumented(symbol) ? [] : [symbol.name]),
    ...membersOf(symbol)
      .filter((member) => !isDocumented(member))
      .map((member) => `${symbol.name}.${member.name}`),
  ]);
  expect(lacking).toEqual([]);
});
