import { InstantNodeError } from '../../errors.ts';
import { denoGlobal } from '../../runtime/deno.ts';
import type { Listener, ListenOptions } from './contract.ts';
import { listen as listenOnNode } from './node.ts';

/** The environment variables that ws reads when it is loaded. */
const VARIABLES = ['WS_NO_BUFFER_UTIL', 'WS_NO_UTF_8_VALIDATE'];

/**
 * Listens on Deno, with its `node:http` and ws. Fulfills the contract of `Listen`.
 *
 * Not with `Deno.serve`, although it is faster: it waits forever for a request that never comes, for incomplete headers
 * and for the rest of an unread body, and exposes none of these connections (seen on 2.9.6).
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { permissions } = denoGlobal();
  const isAllowed = (variable: string): boolean =>
    permissions.querySync({ name: 'env', variable }).state === 'granted';
  if (!VARIABLES.every(isAllowed)) {
    throw new InstantNodeError('backend', 'Cannot serve WebSockets without leave to read the environment', {
      hint: `Run Deno with --allow-env, or --allow-env=${VARIABLES.join(',')}`,
    });
  }
  return listenOnNode(options);
}
