import type { ASTNode } from '@marcbachmann/cel-js';
import { noOverload, undeclared } from './compile-error.ts';
import { widenHas } from './has-macro.ts';
import { REPLACED } from './public-names.ts';
import { eachNode } from './syntax.ts';

/** Extensions of the evaluator that neither CEL nor Instant's server has. */
const UNKNOWN_FUNCTIONS: ReadonlySet<string> = new Set(['at', 'base64', 'hex', 'json']);
const UNKNOWN_NAMES: ReadonlySet<string> = new Set(['optional']);

/**
 * Redirects calls to our own implementations. Call it before type checking.
 *
 * @throws {RuleCompileError} for names that only the evaluator knows.
 */
export function replaceCalls(root: ASTNode): void {
  eachNode(root, (node) => {
    assertKnown(node);
    widenHas(node);
    if (node.op === 'call' || node.op === 'rcall') node.args[0] = REPLACED.get(node.args[0]) ?? node.args[0];
  });
}

/** @throws {RuleCompileError} for what the evaluator accepts but the server does not know. */
function assertKnown(node: ASTNode): void {
  if (node.op === 'id' && UNKNOWN_NAMES.has(node.args)) throw undeclared(node.args);
  if (node.op !== 'rcall') return;
  const [name] = node.args;
  if (UNKNOWN_FUNCTIONS.has(name)) throw undeclared(name);
  if (name === 'string') throw noOverload(name, 'bytes.()');
}
