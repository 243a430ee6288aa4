import { WebSocket } from 'isows';
import { InstantNodeError } from '../../errors.ts';
import type { Socket, SocketDriver } from '../contract.ts';
import { hushed } from './hushed.ts';
import { sendOpen } from './send-open.ts';

/** The member of Bun's WebSocket that the standard lacks. */
interface Terminable {
  terminate(): void;
}

/** The runtime's own WebSockets. For Bun, whose WebSockets can be dropped without the peer's consent. */
export const nativeSocketDriver: SocketDriver = {
  name: 'native',
  open(url, events): Socket {
    const socket = new WebSocket(url);
    const heard = hushed(events);
    socket.onopen = () => heard.open();
    socket.onmessage = (event) => heard.message(String(event.data));
    // Bun's event contains the error itself, the standard one does not.
    socket.onerror = (event) => heard.error((event as { error?: unknown }).error ?? event);
    socket.onclose = (event) => heard.close(event.code, event.reason);
    return {
      isOpen: () => socket.readyState === socket.OPEN,
      isConnecting: () => socket.readyState === socket.CONNECTING,
      send: (text) => sendOpen(socket, text),
      bufferedBytes: () => socket.bufferedAmount,
      receivedBytes: () => undefined,
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
