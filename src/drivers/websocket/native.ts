import { WebSocket } from 'isows';
import { InstantNodeError } from '../../errors.ts';
import type { Socket, SocketDriver } from '../contract.ts';
import { hushed } from './hushed.ts';
import { sendOpen } from './send-open.ts';

/** What Bun's WebSocket has beyond the standard. */
interface Terminable {
  terminate(): void;
}

/** WebSockets by the runtime itself, for Bun, whose own can be dropped without the peer's consent. */
export const nativeSocketDriver: SocketDriver = {
  name: 'native',
  open(url, events): Socket {
    const socket = new WebSocket(url);
    const heard = hushed(events);
    socket.onopen = () => heard.open();
    socket.onmessage = (event) => heard.message(String(event.data));
    // Bun's event holds the error itself, the standard's none.
    socket.onerror = (event) => heard.error((event as { error?: unknown }).error ?? event);
    socket.onclose = (event) => heard.close(event.code, event.reason);
    return {
      isOpen: () => socket.readyState === socket.OPEN,
      isConnecting: () => socket.readyState === socket.CONNECTING,
      send: (text) => sendOpen(socket, text),
      close: () => {
        heard.hush();
        socket.close();
      },
      terminate: () => {
        heard.hush();
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
