import ts from 'typescript';

/** What files export, as the compiler of TypeScript sees it. */
export interface ExportedTypes {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  /** By name; what is exported anew is what it stands for. */
  of(file: string): Map<string, ts.Symbol>;
}

/** Reads the types of `files`, which are sources or declarations. */
export function exportedTypes(files: readonly string[]): ExportedTypes {
  const program = ts.createProgram([...files], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  return {
    program,
    checker,
    of(file) {
      const source = program.getSourceFile(file);
      const symbol = source && checker.getSymbolAtLocation(source);
      if (!symbol) throw new Error(`Cannot read the exports of ${file}`);
      return new Map(
        checker.getExportsOfModule(symbol).map((one) => {
          const target = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
          return [one.name, target];
        }),
      );
    },
  };
}
