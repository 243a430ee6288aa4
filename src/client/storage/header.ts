import type { StorageChange, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { joinKey } from '../../drivers/storage/record-key.ts';
import type { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { setAside } from './damaged.ts';
import { type Envelope, plainEnvelope } from './envelope.ts';
import { HEADER_COPY_KEY, HEADER_KEY } from './envelope-keys.ts';
import { refusal } from './envelope-refusal.ts';
import type { StorageKeys } from './keyring.ts';

/**
 * The format of what is stored.
 *
 * 1. JSON values as they are, without a header.
 * 2. A header, generations, and an envelope around each record.
 */
const FORMAT = 2;

/** How the records of a storage are to be read. Kept in a plain envelope, in this and every later format. */
export interface Header {
  /** Which generation of records counts. */
  readonly generation: number;
  /** With what they are sealed; null when they are plain. */
  readonly sealed: Sealed | null;
  /** Whether the driver's files may still hold what is not to be read any more: the records as they were before. */
  readonly isUnscrubbed?: boolean;
}

/** What a sealed storage says of its key. */
export interface Sealed {
  readonly salt: string;
  /** What the right key makes of the rest of the header. */
  readonly check: string;
}

/** The header of a storage, and what would mend it. */
export interface ReadHeader {
  readonly header: Header | undefined;
  /** Changes that put right whichever of the two is missing, outdated or damaged. */
  readonly repair: readonly StorageChange[];
  /** What is to be reported of that. */
  readonly damage: readonly InstantNodeError[];
}

type Read =
  | { is: 'absent' }
  | { is: 'damaged'; text: string }
  | { is: 'newer' }
  | { is: 'header'; header: Header; text: string };

/** Changes that make `header` the header. */
export function headerChanges(scope: StorageScope, header: Header): StorageChange[] {
  const { generation, sealed, isUnscrubbed } = header;
  const mark = isUnscrubbed ? { isUnscrubbed } : {};
  const json = JSON.stringify({ format: FORMAT, generation, sealed, ...mark });
  const envelope = plainEnvelope(scope);
  return [HEADER_KEY, HEADER_COPY_KEY].map((key) => [key, envelope.wrap(key, json)] as const);
}

/** Changes after which there is no header. */
export const noHeader: readonly StorageChange[] = [
  [HEADER_KEY, null],
  [HEADER_COPY_KEY, null],
];

/** The `sealed` of a header for records under `keys`. */
export function sealedWith(scope: StorageScope, generation: number, keys: StorageKeys): Sealed {
  const { appId, instanceKey } = scope;
  const check = keys.sign(`${FORMAT}\n${generation}\n${keys.salt}\n${joinKey(appId, instanceKey)}`);
  return { salt: keys.salt, check };
}

/** Reads the header, or its copy where that is damaged. Refuses one of a later version, and two that are damaged. */
export async function readHeader(driver: StorageDriver, scope: StorageScope): Promise<ReadHeader> {
  const envelope = plainEnvelope(scope);
  const [first, copy] = await Promise.all(
    [HEADER_KEY, HEADER_COPY_KEY].map(async (key) => parseHeader(envelope, key, await driver.get(key))),
  );
  const found = [first, copy];
  if (found.some((it) => it?.is === 'newer')) {
    const hint = 'Use that version or a later one; nothing was changed';
    throw refusal(driver.name, 'it was written by a newer version of @instantdb/node', hint);
  }
  const header = found.find((it) => it?.is === 'header')?.header;
  const damaged = found.flatMap((it, index) =>
    it?.is === 'damaged'
      ? setAside(driver, envelope, index === 0 ? HEADER_KEY : HEADER_COPY_KEY, it.text)
      : [],
  );
  if (!header) {
    if (damaged.length === 0) return { header: undefined, repair: [], damage: [] };
    const hint =
      'Restore it from a copy, or give the database another storagePath or instanceKey; nothing was changed';
    throw refusal(driver.name, 'its header is damaged', hint);
  }
  const wanted = headerChanges(scope, header);
  const isWhole = wanted.every(([, text], index) => {
    const it = found[index];
    return it?.is === 'header' && it.text === text;
  });
  return {
    header,
    repair: isWhole ? [] : [...damaged.map(({ change }) => change), ...wanted],
    damage: damaged.map(({ error }) => error),
  };
}

function parseHeader(envelope: Envelope, key: string, text: string | null): Read {
  if (text === null) return { is: 'absent' };
  const json = envelope.unwrap(key, text);
  const value: unknown = json === undefined ? undefined : parseJson(json);
  if (!isObject(value)) return { is: 'damaged', text };
  if (Number.isInteger(value.format) && (value.format as number) > FORMAT) return { is: 'newer' };
  const { format, generation, sealed, isUnscrubbed } = value;
  const isRight =
    format === FORMAT && Number.isSafeInteger(generation) && (generation as number) > 0 && isSealed(sealed);
  if (!isRight) return { is: 'damaged', text };
  const mark = isUnscrubbed === true ? { isUnscrubbed } : {};
  return { is: 'header', header: { generation: generation as number, sealed, ...mark }, text };
}

function isSealed(value: unknown): value is Sealed | null {
  if (value === null) return true;
  return isObject(value) && typeof value.salt === 'string' && typeof value.check === 'string';
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
