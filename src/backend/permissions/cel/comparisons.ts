import type { ASTNode } from '@marcbachmann/cel-js';
import { noOverload } from './compile-error.ts';
import { eachNode } from './syntax.ts';

type Compare = (left: unknown, right: unknown, node: Comparison, evaluator: Evaluator) => unknown;

interface Evaluator {
  debugType(value: unknown): unknown;
  createError(code: string, message: string, node: Comparison): Error;
}

/** A comparison as the evaluator has it once its types were checked. */
interface Comparison {
  readonly op: string;
  readonly args: readonly { readonly checkedType?: unknown }[];
  handle: Compare;
}

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const NUMBERS: ReadonlySet<string> = new Set(['int', 'uint', 'double']);

/**
 * Has numbers compared with numbers of their own kind alone, as on Instant's server: the evaluator compares any two. A
 * rule that says `data.price > 1` fails there on a price of 1.5. To be called when types were checked.
 *
 * @throws {RuleCompileError} where two kinds can be told apart by then.
 */
export function compareLikeKinds(root: ASTNode): void {
  eachNode(root, (node) => {
    if (COMPARISONS.has(node.op)) separateKinds(node as unknown as Comparison);
  });
}

function separateKinds(node: Comparison): void {
  const [left, right] = node.args.map(({ checkedType }) => String(checkedType));
  if (left !== right && isNumber(left) && isNumber(right)) {
    throw noOverload(`_${node.op}_`, `(${left}, ${right})`);
  }
  const compare = node.handle;
  node.handle = (a, b, self, evaluator) => {
    // Each kind is of another type in JavaScript.
    if (typeof a === typeof b) return compare(a, b, self, evaluator);
    const [kind, other] = [a, b].map((value) => String(evaluator.debugType(value)));
    if (!isNumber(kind) || !isNumber(other)) return compare(a, b, self, evaluator);
    throw evaluator.createError('no_such_overload', `no such overload: ${kind} ${node.op} ${other}`, self);
  };
}

function isNumber(type: string | undefined): boolean {
  return type !== undefined && NUMBERS.has(type);
}
