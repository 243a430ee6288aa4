import type { StorageChange } from '../../contract.ts';
import { crc32 } from './log-checksum.ts';

// A log is lines of text. Each is the CRC-32 of its rest, a space, and one of
//
//   instantdb-node log <version>                         the first line
//   <batch> <synced> <number>/<total> <key> <record>     a change, one of the `total` of its batch
//   synced <batch>                                       all lines above, and all up to this batch, were on disk
//
// A record is its text as JSON, or `-` where the key is deleted. A batch counts when all of its lines are there, in
// order. `synced` is the last batch that was on disk when this one was written. Keys contain no space, and JSON without
// indentation no line break, so damage ends where the next line begins.

const NEWLINE = 0x0a;
const SPACE = 0x20;
const FORGOTTEN = '-';
/** Eight digits and a space. */
const CHECKSUM_LENGTH = 9;
const HEADER = /^instantdb-node log (\d{1,9})$/;
const SYNCED = /^synced (\d{1,15})$/;
const HEAD = /^(\d{1,15}) (\d{1,15}) (\d{1,9})\/(\d{1,9})$/;
/** The fields before the key of a record that was moved: it was on disk already. */
const MOVED: Buffer = Buffer.from('0 0 1/1 ');

/** A line's place in its file, in bytes. */
export interface Place {
  offset: number;
  /** Including the line break. */
  length: number;
}

/** The content of a line, without its record. */
export type Line = ChangeLine | { readonly is: 'synced'; readonly batch: number };

/** One change of a batch. A record that was moved from another log has batch 0. */
export interface ChangeLine {
  readonly is: 'change';
  readonly batch: number;
  readonly synced: number;
  readonly number: number;
  readonly total: number;
  readonly key: string;
  readonly forgets: boolean;
}

/** The first line of a log. */
export function encodeHeader(version: number): Buffer {
  return encodeLine(`instantdb-node log ${version}`);
}

/** The line that vouches for all lines above it, and all up to `batch`. */
export function encodeSynced(batch: number): Buffer {
  return encodeLine(`synced ${batch}`);
}

/** The lines of a batch. */
export function encodeBatch(batch: number, synced: number, changes: readonly StorageChange[]): Buffer[] {
  return changes.map(([key, record], index) => {
    const value = record === null ? FORGOTTEN : JSON.stringify(record);
    return encodeLine(`${batch} ${synced} ${index + 1}/${changes.length} ${key} ${value}`);
  });
}

/** The version in the first line of a log; undefined when the line is something else, or damaged. */
export function versionIn(line: Buffer): number | undefined {
  const version = HEADER.exec(bodyOf(line)?.toString('latin1', 0, 100) ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}

/** Parses a line, with or without its line break; undefined when it is damaged. */
export function decodeLine(line: Buffer): Line | undefined {
  const body = bodyOf(line);
  if (!body) return undefined;
  const vouched = SYNCED.exec(body.toString('latin1', 0, 40))?.[1];
  if (vouched !== undefined) return { is: 'synced', batch: Number(vouched) };
  const atKey = startOfKey(body);
  const atRecord = body.indexOf(SPACE, atKey) + 1;
  const head = HEAD.exec(body.toString('latin1', 0, Math.max(0, atKey - 1)));
  if (!head || atRecord === 0) return undefined;
  const [batch, synced, number, total] = head.slice(1).map(Number) as [number, number, number, number];
  const key = body.toString('latin1', atKey, atRecord - 1);
  const forgets = body[atRecord] === FORGOTTEN.charCodeAt(0);
  return { is: 'change', batch, synced, number, total, key, forgets };
}

/** The record in a line; undefined when the line is damaged or has another key. */
export function recordIn(line: Buffer, key: string): string | undefined {
  const body = bodyOf(line);
  if (!body) return undefined;
  const atKey = startOfKey(body);
  const atRecord = body.indexOf(SPACE, atKey) + 1;
  if (atRecord === 0 || body.toString('latin1', atKey, atRecord - 1) !== key) return undefined;
  return JSON.parse(body.toString('utf8', atRecord)) as string;
}

/** A line in the form for another log. A damaged one stays unchanged, so that readers still see the damage. */
export function movedLine(line: Buffer): Buffer {
  const body = bodyOf(line);
  return body ? encodeLine(Buffer.concat([MOVED, body.subarray(startOfKey(body))])) : line;
}

function encodeLine(body: string | Buffer): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const line = Buffer.allocUnsafe(CHECKSUM_LENGTH + bytes.length + 1);
  line.write(checksumOf(bytes), 'latin1');
  line.set(bytes, CHECKSUM_LENGTH);
  line[line.length - 1] = NEWLINE;
  return line;
}

/** The text between checksum and line break, if it matches the checksum. */
function bodyOf(line: Buffer): Buffer | undefined {
  const end = line.at(-1) === NEWLINE ? line.length - 1 : line.length;
  if (end <= CHECKSUM_LENGTH) return undefined;
  const body = line.subarray(CHECKSUM_LENGTH, end);
  return line.toString('latin1', 0, CHECKSUM_LENGTH) === checksumOf(body) ? body : undefined;
}

function checksumOf(body: Uint8Array): string {
  return `${crc32(body).toString(16).padStart(8, '0')} `;
}

/** The index after the third space. */
function startOfKey(body: Buffer): number {
  let at = 0;
  for (let spaces = 0; spaces < 3; spaces++) at = body.indexOf(SPACE, at) + 1;
  return at;
}
