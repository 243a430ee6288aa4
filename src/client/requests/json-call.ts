import { InstantAPIError } from '@instantdb/core';
import type { Send, SendInit } from '../../drivers/requests/send.ts';

/** As core's own call of an API: the JSON of an answer with status 200; any other rejects with core's error. */
export async function jsonCall(send: Send, url: string, init: SendInit): Promise<unknown> {
  const answer = await send(url, init);
  const body = await answer.json();
  if (answer.status === 200) return body;
  throw new InstantAPIError({ status: answer.status, body: body as InstantAPIError['body'] });
}

/** A JSON object as the body of a `POST`. A member that is undefined is left out. */
export function posting(body: object, headers: Record<string, string> = {}): SendInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
