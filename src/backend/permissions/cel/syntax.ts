import type { ASTNode } from '@marcbachmann/cel-js';

/** Passes every node of an expression to `visit`, as the expression was written: macros are not expanded. */
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

/** The names that an expression uses, those that its own macros bind among them. */
export function namesIn(node: ASTNode): Set<string> {
  const names = new Set<string>();
  eachNode(node, (each) => {
    if (each.op === 'id') names.add(each.args);
  });
  return names;
}

/** The text of a literal. */
export function literalText(node: ASTNode | undefined): string | undefined {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
}
