import type { StorageChange, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { joinKey } from '../../drivers/storage/record-key.ts';
import type { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { HEADER_COPY_KEY, HEADER_KEY } from './driver-keys.ts';
import type { StorageKeys } from './keyring.ts';
import { refusal } from './opening-refusal.ts';
import { quarantine } from './quarantine.ts';
import { plainEnvelope, type RecordEnvelope } from './record-envelope.ts';

/**
 * The format of a storage.
 *
 * 1. JSON values as they are, without a header.
 * 2. A header, generations, and an envelope around each record.
 */
const FORMAT = 2;

/** How to read the records of a storage. Stored in a plain envelope, in this and every later format. */
export interface StorageHeader {
  /** Which generation of records counts. */
  readonly generation: number;
  /** What they are sealed with; null when they are plain. */
  readonly sealed: Sealed | null;
  /** Whether the driver's files may still hold earlier versions of the records, which must not stay readable. */
  readonly isUnscrubbed?: boolean;
}

/** What a sealed storage records about its key. */
export interface Sealed {
  readonly salt: string;
  /** What the right key makes of the rest of the header. */
  readonly check: string;
}

/** The header of a storage, and how to mend it. */
export interface ReadHeader {
  readonly header: StorageHeader | undefined;
  /** Changes that fix the header or its copy, whichever is missing, outdated or damaged. */
  readonly repair: readonly StorageChange[];
  /** The damage to report. */
  readonly damage: readonly InstantNodeError[];
}

type Read =
  | { is: 'absent' }
  | { is: 'damaged'; text: string }
  | { is: 'newer' }
  | { is: 'header'; header: StorageHeader; text: string };

/** Changes that make `header` the header. */
export function headerChanges(scope: StorageScope, header: StorageHeader): StorageChange[] {
  const { generation, sealed, isUnscrubbed } = header;
  const mark = isUnscrubbed ? { isUnscrubbed } : {};
  const json = JSON.stringify({ format: FORMAT, generation, sealed, ...mark });
  const envelope = plainEnvelope(scope);
  return [HEADER_KEY, HEADER_COPY_KEY].map((key) => [key, envelope.wrap(key, json)] as const);
}

/** Changes that remove the header. */
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

/** Reads the header, or its copy if that is damaged. Refuses one of a later version, and two that are damaged. */
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
      ? quarantine(driver, envelope, index === 0 ? HEADER_KEY : HEADER_COPY_KEY, it.text)
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

function parseHeader(envelope: RecordEnvelope, key: string, text: string | null): Read {
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
