import type { InstantCoreDatabase, InstantUnknownSchema } from '@instantdb/core';

// What the fault script drives: the same code in a browser, over core, and in a process, over this package.

/** Where an app is served. */
export interface Place {
  appId: string;
  apiURI: string;
  websocketURI: string;
}

/** A database with everything that it tells. Its methods can be called from another process, so they take and give JSON. */
export interface Subject {
  open(place: Place): void;
  /** Enters the room with a name to show, and listens there. */
  join(name: string): void;
  leave(): void;
  show(name: string): void;
  say(hand: string): void;
  /** Makes the title of the one post, and tells what becomes of that. */
  write(title: string): void;
  /** All that was told so far, in order: `<of what> <what>`. */
  told(): string[];
}

/** The one post that is written. */
const POST = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

type Database = Pick<
  InstantCoreDatabase<InstantUnknownSchema>,
  'tx' | 'transact' | 'joinRoom' | 'subscribeQuery' | 'subscribeConnectionStatus' | 'subscribeAppStatus'
>;
type Room = ReturnType<Database['joinRoom']>;

/** Makes a subject of what opens databases. */
export function subject(openDatabase: (place: Place) => unknown): Subject {
  const told: string[] = [];
  const tell = (of: string, what: unknown): void => void told.push(`${of} ${what}`);
  let db: Database;
  let room: Room;
  let ends: (() => void)[] = [];
  return {
    told: () => told,
    open(place) {
      db = openDatabase(place) as Database;
      db.subscribeConnectionStatus((status) => tell('status', status));
      db.subscribeAppStatus(({ isLoading, isReadOnly }) => {
        tell('app', isLoading ? 'loading' : isReadOnly ? 'read-only' : 'writable');
      });
      db.subscribeQuery({ posts: {} }, ({ data, error }) => {
        tell(
          'posts',
          error ? `error: ${error.message}` : (data?.posts ?? []).map(({ title }) => title).join(),
        );
      });
    },
    join(name) {
      room = db.joinRoom('chat', 'lobby', { initialPresence: { name } as never });
      const unwatch = room.subscribePresence({}, ({ isLoading, error, user, peers }) => {
        const others = Object.values(peers as Record<string, { name?: string }>).map((peer) => peer.name);
        const own = (user as { name?: string } | undefined)?.name;
        tell(
          'room',
          error ? `error: ${error}` : isLoading ? 'loading' : `${own} with ${others.sort().join()}`,
        );
      });
      const unlisten = room.subscribeTopic('wave' as never, ({ hand }: { hand: string }) =>
        tell('heard', hand),
      );
      ends = [unwatch, unlisten, room.leaveRoom];
    },
    leave() {
      for (const end of ends) end();
    },
    show: (name) => room.publishPresence({ name } as never),
    say: (hand) => room.publishTopic('wave' as never, { hand } as never),
    write(title) {
      db.transact(db.tx.posts?.[POST]?.update({ title }) ?? []).then(
        ({ status }) => tell('write', `${title} ${status}`),
        (error) => tell('write', `${title} ${error.message}`),
      );
    },
  };
}
