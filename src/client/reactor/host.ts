import { InstantNodeError } from '../../errors.ts';

/**
 * Runs `construct` in surroundings that core takes for a browser's, and restores what was there.
 *
 * Core's reactor returns early from its constructor unless a global `window` or `chrome` exists, so it would never
 * connect on a server. It is given `chrome`, which means an extension: bundlers for servers put `"undefined"` in place
 * of `typeof window` (seen in Next.js 15 and 16), and none of them knows the other. Two globals that Bun, Deno and Node
 * do have are hidden for the same moment:
 *
 * - `BroadcastChannel`: core's channel is shared by every reactor of the process, whatever its app. A change of user in
 *   one would make all others drop their pending writes and reconnect.
 * - `addEventListener`: core adds a listener for `beforeunload` that is never removed, which would keep each closed
 *   database in memory. Closing saves what that listener would have saved.
 *
 * `construct` is synchronous, so no other code can see the change.
 */
export function inBrowserLikeHost<T>(construct: () => T): T {
  const restore = [
    replaceGlobal('chrome', Object.freeze({})),
    replaceGlobal('BroadcastChannel', undefined),
    replaceGlobal('addEventListener', undefined),
  ];
  try {
    return construct();
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

function replaceGlobal(name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  // An inherited global (Deno's and Bun's `addEventListener`) is covered by an own one, and shows again without it.
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
  return () => {
    if (before) Object.defineProperty(globalThis, name, before);
    else Reflect.deleteProperty(globalThis, name);
  };
}

/**
 * Core's constructor returns early, without an error, when it does not find the browser that {@link inBrowserLikeHost}
 * shows it.
 */
export function assertConstructed({ kv }: { kv: unknown }): void {
  if (kv) return;
  throw new InstantNodeError(
    'unsupported-runtime',
    'Cannot open a database: @instantdb/core takes this for a place where it is not to connect, as a bundler has changed what it asks of its surroundings',
    {
      hint: "Leave the package out of the bundle: in Next.js by serverExternalPackages: ['@instantdb/node'], elsewhere among the bundler's externals",
    },
  );
}
