import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { RequestTls, RequestWay } from './network-kind.ts';
import { lookupOnce } from './one-lookup.ts';

/**
 * The status that a `GET` is answered with; redirections are not followed.
 *
 * Not by `fetch`, whose requests keep the process running, and whose connections outlive them.
 */
export function requestStatus(url: URL, way: RequestWay, signal: AbortSignal): Promise<number> {
  const options: RequestOptions & RequestTls = {
    agent: false,
    headers: { accept: '*/*', ...way.headers },
    lookup: lookupOnce,
    signal,
    ...(way.tls as object | undefined),
  };
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      response.on('error', () => {});
      resolve(response.statusCode ?? 0);
      // Its content is of no interest, however long it is.
      response.destroy();
    };
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options as never, answered);
    request.on('socket', (socket) => socket.unref());
    request.on('error', reject);
    request.on('close', () => reject(new Error('The connection was closed without an answer')));
    request.end();
  });
}
