/** Asks for a session once per connection. Core asks twice when it was slow to read the user. */
export class SessionRequests {
  readonly #adminToken: string | undefined;
  /** Connections that have asked for a session. */
  readonly #asked: WeakSet<object> = new WeakSet();

  constructor(adminToken: string | undefined) {
    this.#adminToken = adminToken;
  }

  /** The message to send over `connection`; undefined to send none. */
  prepared<Message extends { op: string }>(message: Message, connection: object): Message | undefined {
    if (message.op !== 'init') return message;
    if (this.#asked.has(connection)) return undefined;
    this.#asked.add(connection);
    return { ...message, '__admin-token': this.#adminToken };
  }
}
