/** What a database holds and has done, see `db.stats()`. Counts of messages and bytes run since `init`. */
export interface DatabaseStats {
  /** Core's connection status; `errored` when the server refused the session. */
  status: 'connecting' | 'opened' | 'authenticated' | 'closed' | 'errored';
  /** Distinct live queries. */
  queries: number;
  /** Callbacks subscribed to them. */
  subscriptions: number;
  /** Rooms joined. */
  rooms: number;
  /** Writes of the current author that the server has not confirmed. */
  pendingTransactions: number;
  /** Bytes of their steps, as JSON. */
  pendingBytes: number;
  /** Whether pending writes outlive the process because the storage keeps them. In memory they are lost with it. */
  durable: boolean;
  /** Pending writes that were sent over the current connection. */
  sentTransactions: number;
  /** Writes of other authors, kept until their author is back. */
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
