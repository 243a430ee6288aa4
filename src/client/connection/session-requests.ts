/** Asks for sessions: once over each connection. Core asks twice when the user was slow to be read. */
export class SessionRequests {
  readonly #adminToken: string | undefined;
  /** Connections over which the session was asked for. */
  readonly #asked: WeakSet<object> = new WeakSet();

  constructor(adminToken: string | undefined) {
    this.#adminToken = adminToken;
  }

  /** The message to send over `connection`; undefined when it should not be sent. */
  prepared<Message extends { op: string }>(message: Message, connection: object): Message | undefined {
    if (message.op !== 'init') return message;
    if (this.#asked.has(connection)) return undefined;
    this.#asked.add(connection);
    return { ...message, '__admin-token': this.#adminToken };
  }
}
