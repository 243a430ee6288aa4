/** The client of a session, over any transport. */
export interface SessionPeer {
  send(text: string): void;
  close(code: number, reason: string): void;
  readonly bufferedAmount: number;
}
