import { denoGlobal } from '../../runtime/deno.ts';

const VARIABLE = 'DENO_USE_WRITEV';
let isDone = false;

/**
 * Has the sockets of this process send without a buffer of their own: Deno copies each message into one that grows with
 * the largest and never shrinks, which is a third of what an idle session takes (seen on 2.9.6). It looks at the
 * variable once, when the process makes its first socket. To be called before that; what this gives takes the variable
 * away again, and is to be called after it.
 *
 * Without permission to set variables the buffers stay, and nobody is asked for it.
 */
export function sendUnbuffered(): () => void {
  if (isDone) return () => {};
  isDone = true;
  const { env, permissions } = denoGlobal();
  const isAllowed = permissions.querySync({ name: 'env', variable: VARIABLE }).state === 'granted';
  if (!isAllowed || env.get(VARIABLE) !== undefined) return () => {};
  env.set(VARIABLE, '1');
  return () => env.delete(VARIABLE);
}
