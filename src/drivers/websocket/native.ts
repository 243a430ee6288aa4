import { WebSocket } from 'isows';
import { InstantNodeError } from '../../errors.ts';
import type { Socket, SocketDriver } from '../contract.ts';

/** What Bun's WebSocket has beyond the standard. */
interface Terminable {
  terminate(): void;
}

/** WebSockets by the runtime itself, for Bun, whose own can be dropped without the peer's consent. */
export const nativeSocketDriver: SocketDriver = {
  name: 'native',
  open(url, events): Socket {
    const socket = new WebSocket(url);
    socket.onopen = () => events.open();
    socket.onmessage = (event) => events.message(String(event.data));
    // Bun's event holds the error itself, the standard's none.
    socket.onerror = (event) => events.error((event as { error?: unknown }).error ?? event);
    socket.onclose = (event) => events.close(event.code, event.reason);
    return {
      isOpen: () => socket.readyState === socket.OPEN,
      isConnecting: () => socket.readyState === socket.CONNECTING,
      send: (text) => socket.send(text),
      close: () => socket.close(),
      terminate: () => {
        if (!isTerminable(socket)) {
          throw new InstantNodeError(
            'unsupported-runtime',
            'Cannot drop a connection: WebSocket.terminate is missing',
          );
        }
        socket.terminate();
      },
    };
  },
};

function isTerminable(socket: object): socket is Terminable {
  return 'terminate' in socket && typeof socket.terminate === 'function';
}
