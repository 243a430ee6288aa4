/** What a session talks to: one client, over whatever transport. */
export interface SessionPeer {
  send(text: string): void;
  close(code: number, reason: string): void;
  readonly bufferedAmount: number;
}
