import type { ASTNode } from '@marcbachmann/cel-js';

/** Calls `visit` with every node of an expression as written, without expanding macros. */
export function eachNode(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  for (const child of childrenOf(node)) eachNode(child, visit);
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** The names that an expression uses, including those bound by its own macros. */
export function namesIn(node: ASTNode): Set<string> {
  const names = new Set<string>();
  eachNode(node, (each) => {
    if (each.op === 'id') names.add(each.args);
  });
  return names;
}

/** The text of a string literal. */
export function literalText(node: ASTNode | undefined): string | undefined {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
}
