import { type Actor, VISITOR } from '../../permissions/actor.ts';
import type { HttpRequest } from './http-request.ts';

/** Whoever sent a request, taken for a visitor: who they are is for tokens to tell. */
export function visitorOf({ raw, ip }: HttpRequest): Actor {
  return { ...VISITOR, ip, origin: raw.headers.get('origin') };
}
