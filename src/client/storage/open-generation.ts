import type { StorageChange, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { entriesUnder } from '../../drivers/storage/record-entries.ts';
import { InstantNodeError } from '../../errors.ts';
import { convert, type Generation, tidy } from './convert-generation.ts';
import { BARE_GENERATION, generationOf } from './driver-keys.ts';
import type { Keyring } from './keyring.ts';
import { refusal } from './opening-refusal.ts';
import { bareEnvelope, plainEnvelope } from './record-envelope.ts';
import { isSealedText, sealedEnvelope } from './sealed-envelope.ts';
import { headerChanges, readHeader, type Sealed, type StorageHeader, sealedWith } from './storage-header.ts';

/** What a storage is opened with. */
export interface Opening {
  readonly driver: StorageDriver;
  readonly scope: StorageScope;
  readonly keyring: Keyring | undefined;
  report(error: InstantNodeError): void;
}

/** A storage whose records can be read. */
export interface OpenGeneration extends Generation {
  readonly header: readonly StorageChange[];
  /** Whether the header is not in the storage yet: the next batch has to begin with it. */
  readonly isNew: boolean;
}

/** The generation that was found, and how to read it. */
interface Found extends Generation {
  readonly header: StorageHeader | undefined;
  /** Whether it is as it should be; else it has to be sealed, or sealed with another key. */
  readonly isCurrent: boolean;
}

/**
 * Finds out how to read the records of a storage, and converts them if they are of an older format, not sealed yet, or
 * sealed with a previous key. A storage that is new, or as it should be, is not written to.
 */
export async function openGeneration(opening: Opening): Promise<OpenGeneration> {
  const { driver, scope, keyring, report } = opening;
  const { header, repair, damage } = await readHeader(driver, scope);
  const keys = await driver.keys();
  const found = header ? await openHeader(opening, header, keys) : findBare(driver, keys);
  // Before an old generation is removed: a damaged header, or its copy, may name that one.
  if (repair.length > 0) await driver.write(repair);
  for (const error of damage) report(error);
  if (header && found?.isCurrent) {
    await tidy(driver, keys, found);
    await scrub(opening, header);
    return opened(scope, found, header, false);
  }
  const made = await makeGeneration(opening, (found?.number ?? BARE_GENERATION) + 1);
  if (!found) return opened(scope, made, made.header, true);
  const isUnscrubbed = keyring !== undefined && driver.scrub !== undefined;
  const to = isUnscrubbed ? { ...made, header: { ...made.header, isUnscrubbed } } : made;
  await convert({ driver, scope, keys, from: found, to, report });
  await tidy(driver, await driver.keys(), to);
  await scrub(opening, to.header);
  return opened(scope, made, made.header, false);
}

function opened(
  scope: StorageScope,
  { number, envelope }: Generation,
  { generation, sealed }: StorageHeader,
  isNew: boolean,
): OpenGeneration {
  return { number, envelope, header: headerChanges(scope, { generation, sealed }), isNew };
}

/** Makes the driver erase what it forgot; if that fails, the storage is still usable. */
async function scrub({ driver, scope, report }: Opening, header: StorageHeader): Promise<void> {
  if (!header.isUnscrubbed) return;
  try {
    await driver.scrub?.();
    await driver.write(headerChanges(scope, { ...header, isUnscrubbed: false }));
  } catch (cause) {
    const message = `Cannot remove what storage "${driver.name}" held before it was sealed: the next start tries again`;
    report(new InstantNodeError('storage', message, { cause }));
  }
}

/** The records of format 1, or nothing. */
function findBare(driver: StorageDriver, keys: readonly string[]): Found | undefined {
  const generations = new Set(keys.map(generationOf));
  if (generations.has(BARE_GENERATION)) {
    return { number: BARE_GENERATION, envelope: bareEnvelope, header: undefined, isCurrent: false };
  }
  generations.delete(undefined);
  if (generations.size === 0) return undefined;
  const hint =
    'Restore it from a copy, or give the database another storagePath or instanceKey; nothing was changed';
  throw refusal(driver.name, 'it holds records, but its header is missing', hint);
}

async function openHeader(opening: Opening, header: StorageHeader, keys: readonly string[]): Promise<Found> {
  const { driver, scope, keyring } = opening;
  if (header.sealed) return openSealed(opening, header, header.sealed);
  const number = header.generation;
  if (keyring) await assertPlain(driver, keys, number);
  return { number, envelope: plainEnvelope(scope), header, isCurrent: !keyring };
}

async function openSealed(
  { driver, scope, keyring }: Opening,
  header: StorageHeader,
  { salt, check }: Sealed,
): Promise<Found> {
  if (!keyring) {
    const hint = 'Give init the encryptionKey that it was sealed with; nothing was changed';
    throw refusal(driver.name, 'it is sealed, and no key was given', hint);
  }
  const number = header.generation;
  const found = await keyring.findKeys(salt, (keys) => sealedWith(scope, number, keys).check === check);
  if (!found) {
    const hint = 'If the key was changed, give the old one in encryptionKey.previous; nothing was changed';
    throw refusal(driver.name, 'it is sealed with another key than encryptionKey', hint);
  }
  return { number, envelope: sealedEnvelope(scope, found.keys), header, isCurrent: found.isCurrent };
}

/**
 * Guards against an attacker who puts a plain header before sealed records: their own records would be sealed among
 * those.
 */
async function assertPlain(driver: StorageDriver, keys: readonly string[], number: number): Promise<void> {
  const current = keys.filter((key) => generationOf(key) === number);
  for await (const records of entriesUnder(driver, current)) {
    if (!records.some(([, text]) => isSealedText(text))) continue;
    const hint = 'Its header was changed or replaced: restore the storage from a copy; nothing was changed';
    throw refusal(driver.name, 'its header says that it is plain, but records are sealed', hint);
  }
}

async function makeGeneration(
  { scope, keyring }: Opening,
  number: number,
): Promise<Generation & { header: StorageHeader }> {
  if (!keyring) {
    return { number, envelope: plainEnvelope(scope), header: { generation: number, sealed: null } };
  }
  const keys = await keyring.makeKeys();
  const sealed = sealedWith(scope, number, keys);
  return { number, envelope: sealedEnvelope(scope, keys), header: { generation: number, sealed } };
}
