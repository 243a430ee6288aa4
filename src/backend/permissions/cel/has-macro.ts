import type { ASTNode } from '@marcbachmann/cel-js';

type Select = Extract<ASTNode, { op: '.' }>;

interface Checker {
  check(node: ASTNode, context: unknown): unknown;
  getType(name: string): unknown;
}

interface Evaluator {
  run(node: ASTNode, context: unknown): unknown;
  debugType(value: unknown): {
    fieldLazy(value: unknown, field: string, node: ASTNode, evaluator: Evaluator): unknown;
  };
}

/**
 * Makes `has({...}.key)` mean what it says. The evaluator has `has` for what a variable leads to alone, where CEL has it
 * for a field of anything. It keeps what a macro does with its node.
 */
export function widenHas(node: ASTNode): void {
  if (node.op !== 'call' || node.args[0] !== 'has') return;
  const [select, ...others] = node.args[1];
  if (select?.op !== '.' || others.length > 0 || rootOf(select).op === 'id') return;
  (node as unknown as { setMeta(key: string, macro: unknown): void }).setMeta('macro', fieldMacro(select));
}

function rootOf(node: ASTNode): ASTNode {
  return node.op === '.' || node.op === '.?' ? rootOf(node.args[0]) : node;
}

function fieldMacro(select: Select): unknown {
  const [target, field] = select.args;
  return {
    typeCheck(checker: Checker, _macro: unknown, context: unknown): unknown {
      checker.check(target, context);
      return checker.getType('bool');
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: unknown): boolean {
      const value = evaluator.run(target, context);
      return evaluator.debugType(value).fieldLazy(value, field, select, evaluator) !== undefined;
    },
  };
}
