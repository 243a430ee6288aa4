import { type Actor, VISITOR } from '../../permissions/actor.ts';
import type { HttpRequest } from './http-request.ts';

/** The sender of a request as a visitor: only tokens identify users. */
export function visitorOf({ raw, ip }: HttpRequest): Actor {
  return { ...VISITOR, ip, origin: raw.headers.get('origin') };
}
