/** What a database holds and has done, see `db.stats()`. Counts of messages and bytes run since `init`. */
export interface DatabaseStats {
  /** Core's connection status; `errored` when the server refused the session. */
  status: 'connecting' | 'opened' | 'authenticated' | 'closed' | 'errored';
  /** Different queries that are live. */
  queries: number;
  /** Callbacks that are subscribed to them. */
  subscriptions: number;
  /** Rooms joined. */
  rooms: number;
  /** Writes of the present user that the server has not confirmed. */
  pendingTransactions: number;
  /** Whether what waits outlives the process: the storage keeps it. In memory it is lost with it. */
  durable: boolean;
  /** Those of them that were sent over the present connection. */
  sentTransactions: number;
  /** Writes of others, which are kept until those are back. */
  foreignTransactions: number;
  /** Connections opened so far; one less is the number of reconnects. */
  connections: number;
  /** Bytes of JSON sent. */
  sentBytes: number;
  /** Bytes of JSON received. */
  receivedBytes: number;
  /** Messages sent. */
  sentMessages: number;
  /** Messages received. */
  receivedMessages: number;
}
