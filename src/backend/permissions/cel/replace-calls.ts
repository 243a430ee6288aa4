import type { ASTNode } from '@marcbachmann/cel-js';
import { noOverload, undeclared } from './compile-error.ts';
import { widenHas } from './has-macro.ts';
import { REPLACED } from './public-names.ts';
import { eachNode } from './syntax.ts';

/** What the evaluator has beyond CEL, and Instant's server has not. */
const UNKNOWN_FUNCTIONS: ReadonlySet<string> = new Set(['at', 'base64', 'hex', 'json']);
const UNKNOWN_NAMES: ReadonlySet<string> = new Set(['optional']);

/**
 * Makes calls of functions that exist in a form of ours go there. To be done before types are checked.
 *
 * @throws {RuleCompileError} for names that are the evaluator's alone.
 */
export function replaceCalls(root: ASTNode): void {
  eachNode(root, (node) => {
    assertKnown(node);
    widenHas(node);
    if (node.op === 'call' || node.op === 'rcall') node.args[0] = REPLACED.get(node.args[0]) ?? node.args[0];
  });
}

/** @throws {RuleCompileError} for what the evaluator would take and the server does not know. */
function assertKnown(node: ASTNode): void {
  if (node.op === 'id' && UNKNOWN_NAMES.has(node.args)) throw undeclared(node.args);
  if (node.op !== 'rcall') return;
  const [name] = node.args;
  if (UNKNOWN_FUNCTIONS.has(name)) throw undeclared(name);
  if (name === 'string') throw noOverload(name, 'bytes.()');
}
