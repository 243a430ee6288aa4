import type { ASTNode } from '@marcbachmann/cel-js';
import { noOverload, undeclared } from './compile-error.ts';
import { widenHas } from './has-macro.ts';
import { charge } from './meter.ts';
import { readingCost } from './reading-cost.ts';
import { SEARCHES } from './search-functions.ts';
import { eachNode } from './syntax.ts';
import { TIMESTAMP_GETTERS } from './timestamp-getters.ts';

/**
 * Functions that the evaluator has in another form than Instant, or without counting what they take: calls go to a
 * function of ours.
 */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ['timestamp', 'instantTimestamp'],
  ['matches', 'linearMatches'],
  ['size', 'knownSize'],
  ...SEARCHES,
  ...TIMESTAMP_GETTERS,
]);

/** What the evaluator has beyond CEL, and Instant's server has not. */
const UNKNOWN_FUNCTIONS: ReadonlySet<string> = new Set(['at', 'base64', 'hex', 'json']);
const UNKNOWN_NAMES: ReadonlySet<string> = new Set(['optional']);

/** The name under which a user knows a function. */
export function publicName(name: string): string {
  for (const [known, ours] of REPLACED) if (ours === name) return known;
  return name;
}

/** What the evaluator says, with the functions' names that a user knows. */
export function withPublicNames(text: string): string {
  return text.replace(/\w+(?=\()/g, publicName);
}

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

type Evaluate = (this: unknown, evaluator: unknown, node: unknown, context: unknown) => unknown;

/** Results of these can be much larger than what they are made of. */
const BUILDS: ReadonlySet<string> = new Set(['+', 'call', 'rcall', 'list']);

/**
 * Makes every node of an expression count when it is evaluated. A macro evaluates the nodes it was given, so the
 * steps of loops are counted too.
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
  // On its first evaluation a node puts a shorter way to evaluate it under the same name.
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
