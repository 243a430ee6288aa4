import type { ASTNode } from '@marcbachmann/cel-js';
import { noOverload } from './compile-error.ts';
import { eachNode } from './syntax.ts';

type Compare = (left: unknown, right: unknown, node: Comparison, evaluator: Evaluator) => unknown;

interface Evaluator {
  debugType(value: unknown): unknown;
  createError(code: string, message: string, node: Comparison): Error;
}

/** A comparison node of the evaluator after type checking. */
interface Comparison {
  readonly op: string;
  readonly args: readonly { readonly checkedType?: unknown }[];
  handle: Compare;
}

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const NUMBERS: ReadonlySet<string> = new Set(['int', 'uint', 'double']);

/**
 * Makes numbers comparable only with numbers of the same kind, as on Instant's server, where `data.price > 1` fails for
 * a price of 1.5; the evaluator would compare any two. Call it after type checking.
 *
 * @throws {RuleCompileError} when the types already tell that two kinds differ.
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
    // Each kind has its own JavaScript type.
    if (typeof a === typeof b) return compare(a, b, self, evaluator);
    const [kind, other] = [a, b].map((value) => String(evaluator.debugType(value)));
    if (!isNumber(kind) || !isNumber(other)) return compare(a, b, self, evaluator);
    throw evaluator.createError('no_such_overload', `no such overload: ${kind} ${node.op} ${other}`, self);
  };
}

function isNumber(type: string | undefined): boolean {
  return type !== undefined && NUMBERS.has(type);
}
