import { Buffer } from 'node:buffer';
import { invalidOption } from '../../invalid-option.ts';
import type { ProxyServer } from '../contract.ts';

/** A proxy as it was named, taken apart. */
export interface ParsedProxy extends ProxyServer {
  /** What must not be shown of it. */
  readonly secrets: readonly string[];
}

/**
 * Parses the URL of a proxy. `source` says where it stands, for the error of one that cannot be used, which does not show
 * the URL: it may hold a password.
 */
export function parseProxy(text: string, source: string): ParsedProxy {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const wanted = 'a URL that starts with http:// or https://';
  if (!url) throw invalidOption(`${source} is not a URL, expected ${wanted}`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalidOption(`${source} is a URL of ${url.protocol}, expected ${wanted}`);
  }
  const [user, password] = [decoded(url.username, source), decoded(url.password, source)];
  const isOpen = user === '' && password === '';
  const credentials = Buffer.from(`${user}:${password}`).toString('base64');
  return {
    origin: url.origin,
    authorization: isOpen ? undefined : `Basic ${credentials}`,
    secrets: isOpen ? [] : [credentials, password, url.password].filter((secret) => secret !== ''),
  };
}

function decoded(part: string, source: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidOption(
      `the user or password in ${source} cannot be decoded`,
      'Write % as %25 in the user and the password of a URL',
    );
  }
}
