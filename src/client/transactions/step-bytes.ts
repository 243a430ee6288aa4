import { Buffer } from 'node:buffer';
import type { TransactionStep } from './transactions.ts';

type Steps = readonly TransactionStep[];

// Beside the steps and not in them: they are shown to users, sent and stored as they are.
const known: WeakMap<Steps, number> = new WeakMap();

/** How many bytes steps have as JSON. They are not serialized again if that was noted, or asked before. */
export function bytesOf(steps: Steps): number {
  return known.get(steps) ?? noteBytes(steps, JSON.stringify(steps));
}

/** Notes what steps are as JSON, for `bytesOf`, which it returns. */
export function noteBytes(steps: Steps, json: string): number {
  const bytes = Buffer.byteLength(json);
  known.set(steps, bytes);
  return bytes;
}
