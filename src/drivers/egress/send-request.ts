import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as SecureAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { IncomingAnswer, OutgoingMessage } from './contract.ts';

/** A request, with the addresses that it may be sent to. */
export interface Dispatch extends OutgoingMessage {
  readonly url: URL;
  /** The name or the IP address in `url`, without brackets. */
  readonly hostname: string;
  /** At least one. No other address is connected to. */
  readonly addresses: readonly string[];
}

/** When to give up, and which certificates to trust. */
export interface AnswerLimits {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly ca: string | undefined;
}

/** Sends a request to one of its addresses, with its hostname, and returns the answer. */
export function sendRequest(
  dispatch: Dispatch,
  { signal, maxBytes, ca }: AnswerLimits,
): Promise<IncomingAnswer> {
  const { url, hostname, addresses, method = 'GET', headers, body } = dispatch;
  const isSecure = url.protocol === 'https:';
  const options: RequestOptions & { ca?: string } = {
    hostname,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    method,
    // Compressed answers are not decoded here.
    headers: { 'accept-encoding': 'identity', ...headers, ...lengthOf(body) },
    // Not a shared agent, which might reuse a connection made for another name or through a proxy. Deno's agents take a
    // proxy from the environment unless given an empty `proxyEnv` (seen on 2.9.6 with NODE_USE_ENV_PROXY=1).
    agent: isSecure ? new SecureAgent({ proxyEnv: {} }) : new Agent({ proxyEnv: {} }),
    lookup: pinnedTo(addresses),
    signal,
    ...(ca !== undefined && { ca }),
  };
  return new Promise((resolve, reject) => {
    const sent = (isSecure ? requestHttps : requestHttp)(options, (response) => {
      textOf(response, maxBytes).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    sent.on('error', reject);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    sent.end(body);
  });
}

function lengthOf(body: string | undefined): { 'content-length'?: string } {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

/** A lookup for `node:net` that returns the addresses already judged, whatever name it is asked for. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, { all }, done) => {
    const [first] = known;
    if (all) done(null, known);
    else done(null, first?.address ?? '', first?.family);
  };
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop destroys the response and its connection.
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new RangeError(`Expected an answer of at most ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  if (!response.complete) throw new Error('The answer broke off');
  return text + decoder.decode();
}
