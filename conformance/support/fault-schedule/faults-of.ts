import { dropSessions, resetBeforeAnswer, twice } from '../fault-proxy/rule.ts';
import type { FaultProxy } from '../fault-proxy/start-fault-proxy.ts';
import type { Fault } from './steps.ts';

/** What a client may say again, if its answer was lost: the server knows each of them by its id, or by what it asks. */
const REPEATABLE = ['transact', 'add-query', 'remove-query', 'join-room', 'leave-room', 'set-presence'];

/** Has a fault happen at `proxy`; what is no matter of the network is left to `reconnect`. */
export async function happen(
  proxy: FaultProxy,
  what: Fault,
  n: number,
  reconnect: () => void,
): Promise<void> {
  switch (what) {
    case 'reset':
      return proxy.reset();
    case 'partition up':
      return proxy.partition('up');
    case 'partition down':
      return proxy.partition('down');
    case 'partition both':
      return proxy.partition();
    case 'vanish client':
      return proxy.vanish('client');
    case 'vanish server':
      return proxy.vanish('server');
    case 'latency':
      return proxy.set(n % 2 === 0 ? 'up' : 'down', { latencyMs: 1 + (n % 20) });
    case 'byte by byte':
      return proxy.set(n % 2 === 0 ? 'up' : 'down', { chunkBytes: 1 + (n % 30) });
    case 'slow':
      return proxy.set(n % 2 === 0 ? 'up' : 'down', { bytesPerSecond: 5_000 + n * 10 });
    case 'refuse':
      await proxy.refuse();
      return proxy.reset();
    case 'reconnect':
      return reconnect();
    case 'heal':
      await proxy.admit();
      return proxy.heal();
    default:
      return changeRule(proxy, what);
  }
}

type Ruled = 'twice' | `reset before ${string}` | 'drop sessions' | `door ${string}`;

function changeRule(proxy: FaultProxy, what: Extract<Fault, Ruled>): void {
  switch (what) {
    case 'twice':
      proxy.rule = twice(...REPEATABLE);
      break;
    case 'reset before transact':
      proxy.rule = resetBeforeAnswer('transact');
      break;
    case 'reset before query':
      proxy.rule = resetBeforeAnswer('add-query');
      break;
    case 'reset before append':
      proxy.rule = resetBeforeAnswer('append-stream');
      break;
    case 'reset before init':
      proxy.rule = resetBeforeAnswer('init');
      break;
    case 'drop sessions':
      proxy.rule = dropSessions;
      break;
    case 'door reset':
    case 'door silent':
    case 'door mute':
      proxy.door = what === 'door reset' ? 'reset' : what === 'door silent' ? 'silent' : 'mute';
      // So that somebody comes to the door.
      proxy.reset();
      break;
    default:
      what satisfies never;
  }
}
