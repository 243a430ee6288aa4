import { InstantNodeError } from '../../errors.ts';

/** The part of a runtime's socket that is needed to send. */
interface Sender {
  readonly readyState: number;
  readonly OPEN: number;
  send(text: string): void;
}

/** Sends over an open socket, and throws for any other, where the runtimes' sockets silently drop the text. */
export function sendOpen(socket: Sender, text: string): void {
  if (socket.readyState !== socket.OPEN) {
    throw new InstantNodeError('connection-failed', 'Cannot send: the socket is not open');
  }
  socket.send(text);
}
