import { sameValue } from '../values/same-value.ts';

/** Who is signed in, as subscribers are told. */
export interface AuthState {
  isLoading: boolean;
  user: unknown;
  error: unknown;
}

/** What {@link CurrentUser} needs to know and to do. */
export interface CurrentUserHost {
  /** Who is signed in, as far as that was read. */
  known(): AuthState;
  current(): Promise<AuthState>;
  /** Has `tell` called at each change; returns what ends that. */
  listen(tell: (state: AuthState) => void): () => void;
  /** Has the storage remember a user. */
  save(user: unknown): Promise<void>;
  /** Has the session be that of another user. */
  adopt(user: unknown): Promise<void>;
  flush(): Promise<unknown>;
  /** Resolves once the server has answered the wish for a session. */
  sessionAnswered(): Promise<void>;
}

/** Who is signed in. Core compares users by calling a method of theirs. */
export class CurrentUser {
  readonly #host: CurrentUserHost;

  constructor(host: CurrentUserHost) {
    this.#host = host;
  }

  /** Tells who is signed in, and of each change; returns what ends that. */
  subscribe(tell: (state: AuthState) => void): () => void {
    const unlisten = this.#host.listen(tell);
    const before = this.#host.known();
    if (!before.isLoading) tell(before);
    let isOver = false;
    void this.#host.current().then((now) => {
      if (!isOver && !sameValue(now, before)) tell(now);
    });
    return () => {
      isOver = true;
      unlisten();
    };
  }

  /** Signs somebody else in. What a sign-in is for begins with the session of the user, which is waited for. */
  async change(user: unknown): Promise<void> {
    const { user: before } = await this.#host.current();
    if (!sameValue(before, user)) {
      await this.#host.save(user);
      await this.#host.adopt(user);
      await this.#host.flush();
    }
    await this.#host.sessionAnswered();
  }
}
