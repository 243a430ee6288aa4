/** The listener, or the events that wait for one. */
type State<Listener> =
  | { is: 'buffering'; told: ((listener: Listener) => void)[] }
  | { is: 'connected'; listener: Listener };

/** Events, none of which is lost before there is a listener: it then gets them in order. */
export class BufferedEvents<Listener> {
  #state: State<Listener> = { is: 'buffering', told: [] };

  /** Calls `listener` for all events so far and to come. Not within this call. */
  connect(listener: Listener): void {
    // Not queueMicrotask, which on Deno 2.9.6 changes that global when it is first called.
    void Promise.resolve().then(() => {
      const before = this.#state;
      this.#state = { is: 'connected', listener };
      if (before.is === 'buffering') for (const tell of before.told) tell(listener);
    });
  }

  tell(tell: (listener: Listener) => void): void {
    if (this.#state.is === 'connected') tell(this.#state.listener);
    else this.#state.told.push(tell);
  }
}
