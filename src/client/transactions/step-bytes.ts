import { Buffer } from 'node:buffer';
import type { TransactionStep } from './transactions.ts';

/** Where a write keeps how long its steps are. A symbol, which JSON leaves out: it is neither sent nor stored. */
export const measured: unique symbol = Symbol('measured');

/** How long certain steps are as JSON, in bytes. A write that gets others is measured again. */
export interface Measured {
  readonly steps: readonly TransactionStep[];
  readonly bytes: number;
}

/** A write, or what becomes one. */
interface Measurable {
  readonly 'tx-steps': readonly TransactionStep[];
  [measured]?: Measured;
}

/** How many bytes the steps of a write have as JSON. They are serialized for that only if nobody has done it before. */
export function bytesOf(mutation: Measurable): number {
  const steps = mutation['tx-steps'];
  let known = mutation[measured];
  if (known?.steps !== steps) {
    known = measuredAs(steps, JSON.stringify(steps));
    mutation[measured] = known;
  }
  return known.bytes;
}

/** How long steps are that were serialized anyway. */
export function measuredAs(steps: readonly TransactionStep[], json: string): Measured {
  return { steps, bytes: Buffer.byteLength(json) };
}
