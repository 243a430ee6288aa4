import type { Accept, ListenOptions, Sender } from './contract.ts';

/** Whether a handshake for `target` is served, and by what. `target` is any text that a peer cared to send. */
export function acceptOf(options: ListenOptions, sender: Sender, target = '/'): Accept | undefined {
  let url: URL;
  try {
    url = new URL(target, 'http://localhost');
  } catch {
    return undefined;
  }
  return options.upgrade(url, sender);
}
