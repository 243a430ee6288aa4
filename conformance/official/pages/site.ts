import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { officialPackage } from '../installed.ts';

/** A page on an origin of its own. */
export interface Site extends AsyncDisposable {
  readonly url: string;
}

/** The packages of a page come from where the official ones are installed, one copy of each. */
const PACKAGES = ['@instantdb/core', '@instantdb/react', 'react', 'react-dom'];

async function bundle(program: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(program, import.meta.url))],
    alias: Object.fromEntries(PACKAGES.map((name) => [name, officialPackage(name)])),
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    platform: 'browser',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0].text;
}

/** Bundles a program of this folder as one for browsers, and serves a page with nothing but it, on loopback. */
export async function serveSite(program: string): Promise<Site> {
  const script = await bundle(program);
  const html =
    '<!doctype html><html lang="en"><title>Test</title><body><div id="root"></div><script type="module" src="/page.js"></script></body></html>';
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : html);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
