import type { Accept, ListenOptions, Sender } from './contract.ts';

/** Returns what serves a handshake, or the status that refuses it. A peer may send any text as `target`. */
export function acceptOf(options: ListenOptions, sender: Sender, target = '/'): Accept | number {
  let url: URL;
  try {
    url = new URL(target, 'http://localhost');
  } catch {
    return 404;
  }
  return options.upgrade(url, sender) ?? 404;
}
