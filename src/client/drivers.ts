import type { SocketDriver, WebSocketClass } from '../drivers/contract.ts';
import type { NetworkKinds } from '../drivers/network/index.ts';
import type { StorageKinds } from '../drivers/storage/kinds/index.ts';

/** The drivers that an entry chooses for its runtime. */
export interface Drivers {
  /** The driver for the option `connection.WebSocket`. */
  socket(choice: 'native' | WebSocketClass | undefined): SocketDriver;
  /** The kinds that the `storage` option can choose from. */
  storage: StorageKinds;
  /** The kinds that the `network` option can choose from. */
  network: NetworkKinds;
}
