import { existsSync } from 'node:fs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * The program of the system's Chromium, or the one that `CHROMIUM` names; undefined where there is none.
 * None is ever downloaded.
 */
export function locateChromium() {
  const named = process.env.CHROMIUM;
  return named ? named : places.find((place) => existsSync(place));
}

/** How to start it for tests: nothing of its own accord on the network, and no host but this machine. */
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];
