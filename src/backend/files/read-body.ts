import { ServerError } from '../../protocol/error.ts';

/** How long the next chunk of a body may take, in milliseconds. */
export const BODY_IDLE_MS = 30_000;

/** A whole body may take this many times as long, plus a second per 64 KiB received: files may be large. */
const TOTAL_FACTOR = 10;
const BYTES_PER_MS = 65.536;

/** A body arrives too slowly. */
export class BodyTooSlowError extends ServerError {
  constructor() {
    const message = 'Operation timed out: the body of the request did not arrive in time';
    super('operation-timed-out', message, { in: ['body'] });
    this.name = 'BodyTooSlowError';
  }
}

/** A body ended before it was complete because the client disconnected, so nobody will read the answer. */
export class BodyBrokeOffError extends ServerError {
  constructor(cause: unknown) {
    super('param-malformed', 'Malformed parameter: ["body"]: it broke off before it was whole', {
      in: ['body'],
    });
    this.name = 'BodyBrokeOffError';
    this.cause = cause;
  }
}

/**
 * The chunks of a body as they arrive. No runtime has a time limit that suits uploads as well, so every body is read
 * through this.
 *
 * @throws {BodyTooSlowError} when the body arrives too slowly.
 * @throws {BodyBrokeOffError} when the runtime reports that the rest will not arrive; some report that as a normal end.
 */
export async function* readBody(
  body: ReadableStream<Uint8Array> | null,
  idleMs: number = BODY_IDLE_MS,
): AsyncGenerator<Uint8Array, void> {
  if (!body) return;
  const reader = body.getReader();
  const started = performance.now();
  let bytes = 0;
  try {
    for (;;) {
      const left = started + idleMs * TOTAL_FACTOR + bytes / BYTES_PER_MS - performance.now();
      const piece = reader.read().catch((cause: unknown) => {
        throw new BodyBrokeOffError(cause);
      });
      const { done, value } = await inTime(piece, Math.min(idleMs, left));
      if (done) return;
      bytes += value.byteLength;
      yield value;
    }
  } catch (error) {
    void reader.cancel().catch(() => {});
    throw error;
  } finally {
    reader.releaseLock();
  }
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new BodyTooSlowError()), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
