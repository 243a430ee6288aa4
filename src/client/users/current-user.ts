import { sameValue } from '../values/same-value.ts';

/** Who is signed in, as subscribers get it. */
export interface AuthState {
  isLoading: boolean;
  user: unknown;
  error: unknown;
}

/** What {@link CurrentUser} needs to know and to do. */
export interface CurrentUserHost {
  /** Who is signed in, as far as it has been read. */
  known(): AuthState;
  current(): Promise<AuthState>;
  /** Calls `tell` at each change; returns a function that ends that. */
  listen(tell: (state: AuthState) => void): () => void;
  /** Persists a user. */
  save(user: unknown): Promise<void>;
  /** Switches the session to another user. */
  adopt(user: unknown): Promise<void>;
  flush(): Promise<unknown>;
  /** Resolves once the server has answered the request for a session. */
  sessionAnswered(): Promise<void>;
}

/** Who is signed in. Core compares users by calling methods of theirs. */
export class CurrentUser {
  readonly #host: CurrentUserHost;

  constructor(host: CurrentUserHost) {
    this.#host = host;
  }

  /** Calls `tell` with who is signed in, and at each change; returns a function that ends that. */
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

  /** Signs another user in. A sign-in only takes effect with the user's session, so it waits for that. */
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
