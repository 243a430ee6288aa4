import { InstantNodeError } from '../../errors.ts';

/** The parts of a runtime's socket that sending takes. */
interface Sender {
  readonly readyState: number;
  readonly OPEN: number;
  send(text: string): void;
}

/** Sends over an open socket, and throws over any other: those of the runtimes then take the text and drop it. */
export function sendOpen(socket: Sender, text: string): void {
  if (socket.readyState !== socket.OPEN) {
    throw new InstantNodeError('connection-failed', 'Cannot send: the socket is not open');
  }
  socket.send(text);
}
