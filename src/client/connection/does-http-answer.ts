import type { Send } from '../../drivers/requests/send.ts';

/** Statuses by which proxies and load balancers say that they do not reach the server, or do not let through to it. */
const OF_OTHERS: readonly number[] = [407, 502, 503, 504];

/**
 * Whether the server answers plain HTTP, as a reason to try an event stream where a WebSocket was refused. Any answer of
 * its own will do, a refusal too. Never rejects: no answer, or an aborted signal, is a no.
 */
export async function doesHttpAnswer(url: string, send: Send, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await send(url, { signal, hold: false });
    await answer.body?.cancel();
    return !OF_OTHERS.includes(answer.status);
  } catch {
    return false;
  }
}
