import { type InstantNodeDatabase, init, type NodeConfig, txInit } from '@instantdb/node';
import { onTestFinished } from 'vitest';
import { type Address, freshKey } from './open.ts';
import type { Schema } from './schema.ts';

type Chunk = Parameters<InstantNodeDatabase<Schema>['transact']>[0];

/** A row of any namespace, of which no schema says anything. */
export interface LooseRow {
  update(values: object): Chunk;
  link(links: object): Chunk;
}

const tx = txInit() as unknown as Record<string, Record<string, LooseRow>>;

/** The start of a change of a row, by its id or a `lookup`. */
export function row(etype: string, id: string): LooseRow {
  const found = tx[etype]?.[id];
  if (!found) throw new TypeError('Cannot start a change: tx has no such entity');
  return found;
}

/** A database that knows no schema; closed when the test ends. */
export function openLoose(
  address: Address,
  options: Partial<NodeConfig<Schema, false>> = {},
): InstantNodeDatabase<Schema> {
  const db = init({ instanceKey: freshKey(), ...address, ...options });
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  return db as unknown as InstantNodeDatabase<Schema>;
}
