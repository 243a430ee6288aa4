import type { StorageChange, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { entriesUnder, forget } from '../../drivers/storage/record-entries.ts';
import type { InstantNodeError } from '../../errors.ts';
import { generationOf, isDamagedKey, moveKey } from './driver-keys.ts';
import { type Quarantined, quarantine, quarantinedText } from './quarantine.ts';
import type { RecordEnvelope } from './record-envelope.ts';
import { headerChanges, noHeader, type StorageHeader } from './storage-header.ts';

/** One generation of records, and the envelope around each of them. */
export interface Generation {
  readonly number: number;
  readonly envelope: RecordEnvelope;
}

/** What is converted, and into what. */
export interface Conversion {
  readonly driver: StorageDriver;
  readonly scope: StorageScope;
  readonly keys: readonly string[];
  /** Format 1 has no header. */
  readonly from: Generation & { readonly header: StorageHeader | undefined };
  readonly to: Generation & { readonly header: StorageHeader };
  report(error: InstantNodeError): void;
}

/**
 * Writes all records as a new generation, then makes that the current one. Until then the old one is untouched, so the
 * next opening begins an interrupted conversion again.
 */
export async function convert(conversion: Conversion): Promise<void> {
  const { driver, scope, keys, from, to, report } = conversion;
  await forgetInterrupted(conversion);
  const lost: Quarantined[] = [];
  for await (const records of entriesUnder(driver, recordsOf(keys, from))) {
    const changes: StorageChange[] = [];
    for (const [key, text] of records) {
      const json = from.envelope.unwrap(key, text);
      const target = moveKey(key, from.number, to.number);
      if (json === undefined) lost.push(quarantine(driver, to.envelope, key, text));
      else changes.push([target, to.envelope.wrap(target, json)]);
    }
    await driver.write(changes);
  }
  const aside = lost.map(({ change }) => change);
  const rewrapped = await rewrapAside(driver, keys, from.envelope, to.envelope);
  await driver.write([...aside, ...headerChanges(scope, to.header), ...rewrapped]);
  for (const { error } of lost) report(error);
}

/** Forgets the records of every generation but one, and leaves nothing readable in a sealed storage. */
export async function tidy(
  driver: StorageDriver,
  keys: readonly string[],
  { number, envelope }: Generation,
): Promise<void> {
  const outdated = keys.filter((key) => ![undefined, number].includes(generationOf(key)));
  await forget(driver, outdated);
  if (!envelope.isSealed) return;
  for await (const aside of entriesUnder(driver, keys.filter(isDamagedKey))) {
    const changes = aside.map(([key, text]) => [key, quarantinedText(envelope, key, text)] as const);
    const changed = changes.filter(([, kept], index) => kept !== aside[index]?.[1]);
    if (changed.length > 0) await driver.write(changed);
  }
}

/** What an interrupted conversion left may be sealed with a salt that is lost. */
async function forgetInterrupted({ driver, scope, keys, from, to }: Conversion): Promise<void> {
  const left = recordsOf(keys, to);
  if (left.length === 0) return;
  // A batch that was refused may still be there after a crash, and that one may have named the new generation.
  await driver.write(from.header ? headerChanges(scope, from.header) : noHeader);
  await forget(driver, left);
}

/** Texts in quarantine that were sealed later open with the old key, and must open with the new one from now on. */
async function rewrapAside(
  driver: StorageDriver,
  keys: readonly string[],
  from: RecordEnvelope,
  to: RecordEnvelope,
): Promise<StorageChange[]> {
  if (!from.isSealed) return [];
  const changes: StorageChange[] = [];
  for await (const aside of entriesUnder(driver, keys.filter(isDamagedKey))) {
    for (const [key, text] of aside) {
      const json = from.unwrap(key, text);
      if (json !== undefined) changes.push([key, to.wrap(key, json)]);
    }
  }
  return changes;
}

function recordsOf(keys: readonly string[], { number }: Generation): string[] {
  return keys.filter((key) => generationOf(key) === number);
}
