/**
 * The program of the system's Chromium, or the one that `CHROMIUM` names; undefined where there is none.
 * None is ever downloaded.
 */
export function locateChromium(): string | undefined;

/** How to start it for tests: nothing of its own accord on the network, and no host but this machine. */
export const chromiumArguments: readonly string[];
