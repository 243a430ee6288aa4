import { Buffer } from 'node:buffer';
import { LEDGER_LIMIT } from '../ledger/ledger.ts';
import type { LedgerKey } from '../ledger/ledger-key.ts';

/** Four words of a key, and a tx-id. */
const ENTRY_BYTES = 24;
/** With SQLite's overhead, a block just fits into a page of 4 KiB. */
const BLOCK_ENTRIES = 160;

/** This many full blocks hold everything an app may remember; older ones can be deleted. */
export const FULL_BLOCKS: number = Math.ceil(LEDGER_LIMIT / BLOCK_ENTRIES);

/** Ledger entries as stored in the file, oldest first. */
export class LedgerBlock {
  readonly #bytes = Buffer.alloc(BLOCK_ENTRIES * ENTRY_BYTES);
  #used = 0;

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#bytes.set(bytes);
    this.#used = bytes.byteLength;
  }

  get isFull(): boolean {
    return this.#used === this.#bytes.byteLength;
  }

  /** The content to store. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Adds an entry; the block must not be full. */
  add(key: LedgerKey, txId: number): void {
    for (const word of key) this.#used = this.#bytes.writeUInt32LE(word, this.#used);
    this.#used = this.#bytes.writeDoubleLE(txId, this.#used);
  }
}

/** The entries of a block. */
export function* entriesIn(block: Uint8Array): Iterable<{ key: LedgerKey; txId: number }> {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  for (let at = 0; at < bytes.byteLength; at += ENTRY_BYTES) {
    const word = (n: number): number => bytes.readUInt32LE(at + n * 4);
    yield { key: [word(0), word(1), word(2), word(3)], txId: bytes.readDoubleLE(at + 16) };
  }
}
