import { type Actor, VISITOR } from '../../permissions/actor.ts';
import type { HttpRequest } from './http-request.ts';

/** The sender of a request, taken for a visitor: only tokens say who it is. */
export function visitorOf({ raw, ip }: HttpRequest): Actor {
  return { ...VISITOR, ip, origin: raw.headers.get('origin') };
}
