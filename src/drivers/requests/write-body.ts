import { Buffer } from 'node:buffer';
import type { ClientRequest } from 'node:http';

/** How much is handed to the system at a time: what it took of a longer body would only be known at the end. */
const PART_BYTES = 64 * 1024;

/** The header that says how long a body is, when that is known; otherwise it is sent in chunks. */
export function lengthOf(body: RequestInit['body']): { 'content-length'?: string } {
  const length = bytesOf(body);
  return length === undefined ? {} : { 'content-length': String(length) };
}

function bytesOf(body: unknown): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof URLSearchParams) return Buffer.byteLength(String(body));
  if (body instanceof Blob) return body.size;
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? body.byteLength : undefined;
}

/** Writes a body, no faster than it is taken, and ends the request. */
export async function writeBody(
  outgoing: ClientRequest,
  body: ReadableStream<Uint8Array> | null,
  sent: (bytes: number) => void = () => {},
): Promise<void> {
  const gone = new Promise<void>((resolve) => outgoing.once('close', resolve));
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.byteLength; at += PART_BYTES) {
      const part = chunk.subarray(at, at + PART_BYTES);
      await Promise.race([gone, new Promise<void>((resolve) => outgoing.write(part, () => resolve()))]);
      if (outgoing.destroyed) return;
      sent(part.byteLength);
    }
  }
  outgoing.end();
}
