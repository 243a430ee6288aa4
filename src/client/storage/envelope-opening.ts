import type { StorageChange, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { entriesUnder } from '../../drivers/storage/record-entries.ts';
import { InstantNodeError } from '../../errors.ts';
import { bareEnvelope, plainEnvelope } from './envelope.ts';
import { convert, type Generation, tidy } from './envelope-conversion.ts';
import { BARE_GENERATION, generationOf } from './envelope-keys.ts';
import { refusal } from './envelope-refusal.ts';
import { type Header, headerChanges, readHeader, type Sealed, sealedWith } from './header.ts';
import type { Keyring } from './keyring.ts';
import { isSealedText, sealedEnvelope } from './sealing.ts';

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

/** What is found, and how it is to be read. */
interface Found extends Generation {
  readonly header: Header | undefined;
  /** Whether it is as it should be, or has to be sealed, or to be sealed with another key. */
  readonly isCurrent: boolean;
}

/**
 * Finds out how the records of a storage are to be read, and converts them where they are of an older format, not
 * sealed yet, or sealed with a previous key. A storage that is new, or as it should be, is not written to.
 */
export async function openGeneration(opening: Opening): Promise<OpenGeneration> {
  const { driver, scope, keyring, report } = opening;
  const { header, repair, damage } = await readHeader(driver, scope);
  const keys = await driver.keys();
  const found = header ? await openHeader(opening, header, keys) : findBare(driver, keys);
  // Before an old generation is forgotten: what is to be mended may name that one.
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
  { generation, sealed }: Header,
  isNew: boolean,
): OpenGeneration {
  return { number, envelope, header: headerChanges(scope, { generation, sealed }), isNew };
}

/** Has the driver remove what it forgot; where that fails, the storage can be used all the same. */
async function scrub({ driver, scope, report }: Opening, header: Header): Promise<void> {
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

async function openHeader(opening: Opening, header: Header, keys: readonly string[]): Promise<Found> {
  const { driver, scope, keyring } = opening;
  if (header.sealed) return openSealed(opening, header, header.sealed);
  const number = header.generation;
  if (keyring) await assertPlain(driver, keys, number);
  return { number, envelope: plainEnvelope(scope), header, isCurrent: !keyring };
}

async function openSealed(
  { driver, scope, keyring }: Opening,
  header: Header,
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

/** Somebody who put a plain header before sealed records would have their own records sealed among them. */
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
): Promise<Generation & { header: Header }> {
  if (!keyring) {
    return { number, envelope: plainEnvelope(scope), header: { generation: number, sealed: null } };
  }
  const keys = await keyring.makeKeys();
  const sealed = sealedWith(scope, number, keys);
  return { number, envelope: sealedEnvelope(scope, keys), header: { generation: number, sealed } };
}
