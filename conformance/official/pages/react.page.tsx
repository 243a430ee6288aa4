import { id, init } from '@instantdb/react';
import { type FormEvent, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { schema } from './schema.ts';

const { appId, apiURI, websocketURI } = Object.fromEntries(new URLSearchParams(location.search));
const db = init({ appId, apiURI, websocketURI, schema });
const room = db.room('lobby', 'main');

/** Gives the text of a form's one field, and empties it. */
function take(event: FormEvent<HTMLFormElement>): string {
  event.preventDefault();
  const form = event.currentTarget;
  const text = String(new FormData(form).get('text'));
  form.reset();
  return text;
}

function SignIn() {
  const [email, setEmail] = useState<string>();
  return (
    <form
      onSubmit={async (event) => {
        const text = take(event);
        if (email !== undefined) return db.auth.signInWithMagicCode({ email, code: text });
        await db.auth.sendMagicCode({ email: text });
        setEmail(text);
      }}
    >
      <input aria-label={email === undefined ? 'email' : 'code'} name="text" />
    </form>
  );
}

function Posts() {
  const [refused, setRefused] = useState('');
  const { isLoading, error, data } = db.useQuery({
    posts: { $: { order: { title: 'asc' } }, comments: {} },
  });
  if (isLoading) return <p>Loading</p>;
  if (error) return <p role="alert">{error.message}</p>;
  const write = (promise: Promise<unknown>) => promise.catch((cause: Error) => setRefused(cause.message));
  return (
    <section aria-label="posts">
      <form
        onSubmit={(event) => {
          const title = take(event);
          write(db.transact(db.tx.posts[id()].create({ title, slug: title.toLowerCase() })));
        }}
      >
        <input aria-label="title" name="text" />
      </form>
      <ul>
        {data.posts.map((post) => (
          <li key={post.id}>
            {post.title} ({post.comments.length})
            <button
              type="button"
              onClick={() =>
                write(db.transact(db.tx.comments[id()].create({ body: 'Rawr' }).link({ post: post.id })))
              }
            >
              comment
            </button>
          </li>
        ))}
      </ul>
      <output aria-label="refused">{refused}</output>
    </section>
  );
}

function Pages() {
  const { data, canLoadNextPage, loadNextPage } = db.useInfiniteQuery({
    posts: { $: { limit: 2, order: { title: 'asc' } } },
  });
  return (
    <section aria-label="pages">
      <output aria-label="loaded">{data?.posts.map((post) => post.title).join()}</output>
      <button type="button" disabled={!canLoadNextPage} onClick={loadNextPage}>
        more
      </button>
    </section>
  );
}

function Lobby({ name }: { name: string }) {
  const [waves, setWaves] = useState<string[]>([]);
  const { peers, publishPresence } = db.rooms.usePresence(room, { initialPresence: { name } });
  const wave = db.rooms.usePublishTopic(room, 'wave');
  db.rooms.useTopicEffect(room, 'wave', ({ hand }, peer) =>
    setWaves((all) => [...all, `${peer.name}: ${hand}`]),
  );
  return (
    <section aria-label="lobby">
      <output aria-label="peers">
        {Object.values(peers)
          .map((peer) => peer.name)
          .toSorted()
          .join()}
      </output>
      <output aria-label="waves">{waves.join()}</output>
      <button type="button" onClick={() => publishPresence({ name: name.toUpperCase() })}>
        shout
      </button>
      <button type="button" onClick={() => wave({ hand: 'left' })}>
        wave
      </button>
    </section>
  );
}

function Program() {
  const status = db.useConnectionStatus();
  const { user } = db.useAuth();
  return (
    <>
      <output aria-label="status">{status}</output>
      <db.SignedOut>
        <SignIn />
      </db.SignedOut>
      <db.SignedIn>
        <output aria-label="user">{user?.email}</output>
        <button type="button" onClick={() => db.auth.signOut()}>
          sign out
        </button>
        {user?.email && <Lobby name={user.email} />}
      </db.SignedIn>
      <Posts />
      <Pages />
    </>
  );
}

const root = document.getElementById('root');
if (!root) throw new Error('The page has no root');
createRoot(root).render(
  <StrictMode>
    <Program />
  </StrictMode>,
);
