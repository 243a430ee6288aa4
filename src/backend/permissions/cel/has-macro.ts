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
 * Makes `has({...}.key)` and `has(request.origin)` work. The evaluator supports `has` only for paths that start at a
 * variable; CEL supports it for a field of any expression. The evaluator keeps the macro of a node in its metadata.
 */
export function widenHas(node: ASTNode): void {
  if (node.op !== 'call' || node.args[0] !== 'has') return;
  const [select, ...others] = node.args[1];
  if (select?.op !== '.' || others.length > 0) return;
  if (rootOf(select).op === 'id' && !isOfRequest(select)) return;
  (node as unknown as { setMeta(key: string, macro: unknown): void }).setMeta('macro', fieldMacro(select));
}

/** A string field of `request` counts as present when it is not empty. */
function isOfRequest({ args: [holder] }: Select): boolean {
  return holder.op === 'id' && holder.args === 'request';
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
      const found = evaluator.debugType(value).fieldLazy(value, field, select, evaluator);
      return found !== undefined && !(found === '' && isOfRequest(select));
    },
  };
}
