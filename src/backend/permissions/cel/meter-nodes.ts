import type { ASTNode } from '@marcbachmann/cel-js';
import { charge } from './meter.ts';
import { readingCost } from './reading-cost.ts';
import { eachNode } from './syntax.ts';

type Evaluate = (this: unknown, evaluator: unknown, node: unknown, context: unknown) => unknown;

/** Nodes whose results can be much larger than their operands. */
const BUILDS: ReadonlySet<string> = new Set(['+', 'call', 'rcall', 'list']);

/**
 * Counts every evaluation of every node of an expression. A macro evaluates its original nodes, so the iterations of
 * loops are counted too.
 */
export function meterNodes(root: ASTNode): void {
  eachNode(root, (node) => meterNode(node as unknown as { op: string; evaluate: Evaluate }));
}

function meterNode(node: { op: string; evaluate: Evaluate }): void {
  let evaluate = node.evaluate;
  const builds = BUILDS.has(node.op);
  const metered: Evaluate = (evaluator, self, context) => {
    charge(1);
    const result = evaluate.call(node, evaluator, self, context);
    charge(builds ? buildingCost(result) : readingCost(result));
    return result;
  };
  // On first evaluation, a node replaces this method by an optimized one.
  Object.defineProperty(node, 'evaluate', {
    get: () => metered,
    set: (next: Evaluate) => {
      evaluate = next;
    },
  });
}

function buildingCost(value: unknown): number {
  if (typeof value === 'string') return value.length >> 4;
  return Array.isArray(value) ? value.length : readingCost(value);
}
