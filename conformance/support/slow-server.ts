import { type FakeInstant, fakeInstant } from './fake-instant.ts';

/** A server that answers no write until it is told to, one at a time. */
export async function slowServer(): Promise<FakeInstant & { answers: (() => void)[] }> {
  const answers: (() => void)[] = [];
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op !== 'transact') return good;
      answers.push(() => peer.send(good));
      return undefined;
    },
  });
  return { ...server, answers };
}
