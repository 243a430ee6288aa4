import type { ClientRequest, IncomingMessage } from 'node:http';

/** Statuses whose answers have no body, for which `Response` takes none. */
const BODILESS: readonly (number | undefined)[] = [204, 205, 304];

/** The standard's `Response` for an answer of `node:http`, whose body arrives no faster than it is read. */
export function responseOf(
  incoming: IncomingMessage,
  outgoing: ClientRequest,
  signal: AbortSignal | undefined,
): Response {
  const { statusCode: status = 0, statusMessage: statusText = '' } = incoming;
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '');
  }
  const body = BODILESS.includes(status) ? null : bodyOf(incoming, outgoing, signal);
  if (body === null) incoming.resume();
  return new Response(body, { status, statusText, headers });
}

function bodyOf(
  incoming: IncomingMessage,
  outgoing: ClientRequest,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  let isOver = false;
  const drop = (): void => {
    incoming.destroy();
    outgoing.destroy();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (error?: unknown): void => {
        if (isOver) return;
        isOver = true;
        signal?.removeEventListener('abort', onAbort);
        if (error === undefined) controller.close();
        else controller.error(error);
      };
      const onAbort = (): void => {
        end(signal?.reason);
        drop();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      incoming.on('data', (chunk: Uint8Array) => {
        if (isOver) return;
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on('end', () => end());
      incoming.on('error', end);
      incoming.on('aborted', () => end(new Error('The answer broke off')));
      incoming.on('close', () => end(incoming.complete ? undefined : new Error('The answer broke off')));
    },
    pull() {
      incoming.resume();
    },
    cancel() {
      isOver = true;
      drop();
    },
  });
}
