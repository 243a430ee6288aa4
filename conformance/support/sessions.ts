import { type FakeInstant, fakeInstant } from './fake-instant.ts';
import { type Inbox, inbox } from './inbox.ts';
import type { Peer } from './socket-server.ts';

/** A write that arrived, and over whose session: a user's id, or null, and whether with an admin token. */
export interface ArrivedWrite {
  eventId: unknown;
  userId: unknown;
  isAdmin: boolean;
}

/** A server that tells whose session each write came over. */
export interface SessionServer extends FakeInstant {
  readonly arrived: Inbox<ArrivedWrite>;
}

/** A server that signs everybody in as the user whose id is their token, up to a colon. It answers writes while `answers` says so. */
export async function sessionServer(answers: () => boolean = () => true): Promise<SessionServer> {
  const arrived = inbox<ArrivedWrite>();
  const authors = new Map<Peer, Omit<ArrivedWrite, 'eventId'>>();
  const server = await fakeInstant({
    http: (_path, body) => {
      const token = (body as { 'refresh-token'?: string })['refresh-token'] ?? 'guest';
      return { status: 200, body: { user: { id: token.split(':')[0], refresh_token: token } } };
    },
    answer(message, peer, good) {
      if (message.op === 'init') {
        const { 'refresh-token': userId = null, '__admin-token': adminToken } = message;
        authors.set(peer, { userId, isAdmin: adminToken !== undefined });
      }
      const author = authors.get(peer);
      if (message.op === 'transact' && author) {
        arrived.push({ eventId: message['client-event-id'], ...author });
      }
      return message.op === 'transact' && !answers() ? undefined : good;
    },
  });
  return { ...server, arrived };
}
