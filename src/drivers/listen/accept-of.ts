import type { Accept, ListenOptions, Sender } from './contract.ts';

/** What serves a handshake for `target`, or the status that refuses it. `target` is any text that a peer cared to send. */
export function acceptOf(options: ListenOptions, sender: Sender, target = '/'): Accept | number {
  let url: URL;
  try {
    url = new URL(target, 'http://localhost');
  } catch {
    return 404;
  }
  return options.upgrade(url, sender) ?? 404;
}
