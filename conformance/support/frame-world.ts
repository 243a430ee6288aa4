import { randomUUID } from 'node:crypto';
import type { InstantNodeDatabase, InstantNodeError } from '@instantdb/node';
import { type FakeInstant, fakeInstant } from './fake-instant.ts';
import { type Inbox, inbox } from './inbox.ts';
import { followPlain, openPlain, type PlainAnswer } from './plain-app.ts';
import { takeUncaught } from './unhandled.ts';

/** A row: its values by label, `id` among them. */
export type Row = Readonly<Record<string, unknown>>;

/** A client without a schema on a server that a test speaks for, with a second query that listens. */
export interface FrameWorld {
  server: FakeInstant;
  db: InstantNodeDatabase;
  errors: Inbox<InstantNodeError>;
  uncaught: Inbox<unknown>;
  /** Sends a frame over every open connection: an object, or a text as it is. */
  send(frame: unknown): void;
  /** The attributes of a namespace, by label; made when they are first asked for. */
  attrsOf(etype: string, labels: readonly string[]): Record<string, unknown>[];
  /** One of the computations of a `refresh-ok`: `rows` as the answer to `{ [etype]: {} }`. */
  computation(etype: string, rows: readonly Row[]): Record<string, unknown>;
  /** A `refresh-ok` of `computations`, and of a change of which `heard` is told. */
  refresh(computations: readonly unknown[], more?: object): Record<string, unknown>;
  /** Resolves once the second query has heard the change of the last `refresh`. */
  heard(): Promise<void>;
  follow(query: object): Inbox<PlainAnswer>;
}

/** Makes a {@link FrameWorld}. */
export async function frameWorld(options: object = {}): Promise<FrameWorld> {
  const uncaught = takeUncaught();
  const attrs = new Map<string, Record<string, unknown>>();
  const attrsOf: FrameWorld['attrsOf'] = (etype, labels) => {
    for (const label of labels) {
      const name = JSON.stringify([etype, label]);
      if (!attrs.has(name)) attrs.set(name, attrOf(etype, label));
    }
    return [...attrs.values()];
  };
  attrsOf('readers', ['id', 'mark']);
  const server = await fakeInstant({
    answer: (_message, _peer, good) => (good?.op === 'init-ok' ? { ...good, attrs: attrsOf('', []) } : good),
  });
  const db = openPlain(server.address, options);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  const follow: FrameWorld['follow'] = (query) => followPlain(db, query);
  const reader = follow({ readers: {} });
  await reader.next();
  let count = 0;
  const markOf = ({ data }: PlainAnswer): unknown => data?.readers?.[0]?.mark;
  const computation: FrameWorld['computation'] = (etype, rows) => {
    const triples = rows.flatMap((row) =>
      Object.entries(row).map(([label, value]) => {
        attrsOf(etype, [label]);
        return [row.id, attrs.get(JSON.stringify([etype, label]))?.id, value, 1];
      }),
    );
    const node = { data: { 'datalog-result': { 'join-rows': [triples] } }, 'child-nodes': [] };
    return { 'instaql-query': { [etype]: {} }, 'instaql-result': [node] };
  };
  const readerId = randomUUID();
  return {
    server,
    db,
    errors,
    uncaught,
    attrsOf,
    computation,
    follow,
    send(frame) {
      for (const peer of server.peers.all) peer.send(frame);
    },
    refresh(computations, more = {}) {
      const mine = computation('readers', [{ id: readerId, mark: ++count }]);
      const frame = { op: 'refresh-ok', 'processed-tx-id': count + 1, computations: [...computations, mine] };
      return { ...frame, attrs: attrsOf('', []), ...more };
    },
    async heard() {
      await reader.next((answer) => markOf(answer) === count);
    },
  };
}

function attrOf(etype: string, label: string): Record<string, unknown> {
  return {
    id: randomUUID(),
    'forward-identity': [randomUUID(), etype, label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': label === 'id',
    'index?': label === 'id',
    'inferred-types': ['json'],
    catalog: 'user',
  };
}
