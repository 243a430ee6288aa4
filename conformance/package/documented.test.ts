import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const entries = ['index', 'node', 'bun', 'deno', 'backend/index'];
const fileOf = (entry: string): string => `${root}src/${entry}.ts`;
const program = ts.createProgram(entries.map(fileOf), {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

/** What an entry exports beside core's names. */
function exportsOf(entry: string): ts.Symbol[] {
  const source = program.getSourceFile(fileOf(entry));
  const symbol = source && checker.getSymbolAtLocation(source);
  if (!symbol) throw new Error(`Cannot read the exports of ${entry}`);
  return checker
    .getExportsOfModule(symbol)
    .map((one) => (one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one))
    .filter(isOurs);
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
