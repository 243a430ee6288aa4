import type { Route } from '../contract.ts';
import { dispatch } from '../requests/dispatch.ts';
import { addressesOf } from './one-lookup.ts';

/**
 * The status that a `GET` is answered with; redirections are not followed. A proxy that does not let through rejects.
 *
 * Not by `fetch`, whose requests keep the process running, and whose connections outlive them.
 */
export async function requestStatus(url: URL, route: Route, signal: AbortSignal): Promise<number> {
  // What connects has a lookup of its own. It is only begun when this one has ended: none of them can be, so those of a
  // name server that says nothing would pile up.
  await unlessAborted(addressesOf(hostnameOf(route.proxy ? new URL(route.proxy.origin) : url)), signal);
  const [outgoing, answer] = dispatch({
    ...{ url: url.href, route, signal, method: 'GET', hold: false },
    headers: { accept: '*/*', ...route.headers },
  });
  outgoing.end();
  const incoming = await answer;
  incoming.on('error', () => {});
  // Its content is of no interest, however long it is.
  incoming.destroy();
  return incoming.statusCode ?? 0;
}

/** The name or address of a host, without the brackets of an IPv6 address. */
export function hostnameOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

async function unlessAborted(waiting: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
