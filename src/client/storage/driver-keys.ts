import { randomBytes } from 'node:crypto';
import { joinKey, lastPart } from '../../drivers/storage/record-key.ts';
import { describeRecord, type StoreName } from './record-store.ts';

// The keys of a driver:
//
//   meta:header, meta:header-copy     the header, twice
//   <generation>:<store>:<key>        a record
//   <store>:<key>                     a record of format 1, which counts as generation 0
//   damaged:<store>:<key>:<random>    a text that was set aside
//
// What converts a storage writes a new generation beside the old one, then the header that names it, then forgets the
// old one. So there is always one whole generation, whatever fails and even where a batch is not atomic, and records
// under different keys, or sealed and plain ones, are never mixed in one.

/** Where the header is. */
export const HEADER_KEY: string = joinKey('meta', 'header');
/** Where its copy is: without a header, a sealed storage can never be read again. */
export const HEADER_COPY_KEY: string = joinKey('meta', 'header-copy');

/** The generation of records that have no header: those of format 1. */
export const BARE_GENERATION = 0;

const RECORD = /^(?:([1-9][0-9]*):)?(kv|querySubs|syncSubs|writes):/;
const DAMAGED_PREFIX = 'damaged:';

/** What the keys of one store in one generation start with. */
export function storePrefix(generation: number, store: StoreName): string {
  return `${generationPrefix(generation)}${store}:`;
}

/** The generation that a driver's key belongs to; undefined for a key that is not a record's. */
export function generationOf(driverKey: string): number | undefined {
  const match = RECORD.exec(driverKey);
  return match ? Number(match[1] ?? BARE_GENERATION) : undefined;
}

/** The key of the same record in another generation. */
export function moveKey(driverKey: string, from: number, to: number): string {
  return `${generationPrefix(to)}${driverKey.slice(generationPrefix(from).length)}`;
}

/** Whether a driver's key is that of a text set aside. */
export function isDamagedKey(driverKey: string): boolean {
  return driverKey.startsWith(DAMAGED_PREFIX);
}

/** A new key for setting the text under `driverKey` aside. */
export function damagedKey(driverKey: string): string {
  const name = driverKey.replace(/^[1-9][0-9]*:/, '');
  return `${DAMAGED_PREFIX}${name}:${randomBytes(9).toString('base64url')}`;
}

/** What a driver's key is called in messages. */
export function describeKey(driverKey: string): string {
  return describeRecord(RECORD.exec(driverKey)?.[2] ?? 'meta', lastPart(driverKey));
}

function generationPrefix(generation: number): string {
  return generation === BARE_GENERATION ? '' : `${generation}:`;
}
