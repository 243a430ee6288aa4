import { validateHeaderName, validateHeaderValue } from 'node:http';
import { invalidOption, refusedOption } from '../../invalid-option.ts';
import { hintAt } from '../../nearest.ts';
import { isObject } from '../../protocol/json.ts';
import type { ConnectionConfig, ConnectionTls } from './connection-config.ts';

/** Headers that belong to a single request or connection: what makes these sets them. */
const OF_REQUESTS =
  /^(connection|content-length|content-type|expect|keep-alive|proxy-.*|sec-websocket-.*|te|trailer|transfer-encoding|upgrade)$/i;

const TLS: Record<keyof ConnectionTls, 'string' | 'texts' | 'boolean'> = {
  ca: 'texts',
  cert: 'string',
  key: 'string',
  servername: 'string',
  rejectUnauthorized: 'boolean',
};

type OfWays = Pick<ConnectionConfig, 'headers' | 'proxy' | 'tls' | 'WebSocket'>;

/** Parses what `connection` says of the way to the server. No value is shown: each may be a secret, or hold one. */
export function parseWays(given: Readonly<Record<string, unknown>>): OfWays {
  const parsed = {
    headers: headers(given.headers),
    proxy: proxy(given.proxy),
    tls: tls(given.tls),
    WebSocket: webSocket(given.WebSocket),
  };
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
}

function headers(value: unknown): ConnectionConfig['headers'] {
  if (value === undefined) return undefined;
  const wanted = 'an object of strings';
  if (!isObject(value) || value instanceof Headers) throw refusedOption('connection.headers', value, wanted);
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw invalidOption(`header ${shown(name)} is ${typeof text}, expected a string`);
    if (OF_REQUESTS.test(name)) {
      throw invalidOption(`header ${shown(name)} cannot be set: it is said of each request by what makes it`);
    }
    assertHeader(name, text);
  }
  return Object.freeze({ ...value }) as Record<string, string>;
}

function assertHeader(name: string, text: string): void {
  try {
    validateHeaderName(name);
  } catch {
    throw invalidOption(`${shown(name)} cannot be the name of a header`);
  }
  try {
    validateHeaderValue(name, text);
  } catch {
    throw invalidOption(`the value of header ${shown(name)} has characters that headers cannot have`);
  }
}

function shown(name: string): string {
  return `"${name}" of option "connection.headers"`;
}

function proxy(value: unknown): string | false | undefined {
  if (value === undefined || value === false || (typeof value === 'string' && value !== '')) return value;
  throw invalidOption(
    'option "connection.proxy" is neither a URL nor false',
    'Leave it out for what the environment says',
  );
}

function tls(value: unknown): ConnectionTls | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw refusedOption('connection.tls', value, 'an object');
  for (const [name, one] of Object.entries(value)) {
    const kind = TLS[name as keyof ConnectionTls];
    if (kind === undefined)
      throw invalidOption(`there is no option "connection.tls.${name}"`, hintAt(name, Object.keys(TLS)));
    if (one !== undefined && !isOf(kind, one)) {
      throw invalidOption(
        `option "connection.tls.${name}" is a value of type ${typeof one}, expected ${WANTED[kind]}`,
      );
    }
  }
  const { cert, key } = value as ConnectionTls;
  if ((cert === undefined) !== (key === undefined)) {
    throw invalidOption(
      `option "connection.tls.${cert === undefined ? 'cert' : 'key'}" is missing: a certificate is shown with its key`,
    );
  }
  return Object.freeze({ ...value }) as ConnectionTls;
}

const WANTED = { string: 'a string', boolean: 'true or false', texts: 'a string or an array of strings' };

function isOf(kind: keyof typeof WANTED, value: unknown): boolean {
  if (kind !== 'texts') return typeof value === kind;
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}

function webSocket(value: unknown): ConnectionConfig['WebSocket'] {
  if (value === undefined || value === 'native' || typeof value === 'function') return value as never;
  throw refusedOption('connection.WebSocket', value, '"native" or a class');
}
