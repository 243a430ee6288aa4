import { hasFunctions, type OpenRecord, Register, thisCopy } from '../../register.ts';
import type { NetworkMonitor } from './network-monitor.ts';

type Monitor = Pick<NetworkMonitor, 'isOnline' | 'cause' | 'watch' | 'stop'>;

/** One share in a monitor. */
export interface MonitorShare {
  readonly monitor: Monitor;
  /** Gives it back; the last share that is given back stops the monitor. Repeatable. */
  giveBack(): void;
}

/** A monitor that runs, for every copy of this package to find. */
interface SharedMonitor extends OpenRecord {
  /** A method, so that the question is never exposed: it is the digest of what may be a secret. */
  asks(question: string): boolean;
  share(): MonitorShare;
}

const register = new Register('networks', (record): record is SharedMonitor =>
  hasFunctions(record, 'asks', 'share', 'close'),
);

/** A share in the monitor of this process that asks `question`; `start` makes it, where there is none. */
export function shareMonitor(question: string, start: () => Monitor): MonitorShare {
  const running = register.same.find((record) => record.asks(question));
  return (running ?? announce(question, start())).share();
}

function announce(question: string, monitor: Monitor): SharedMonitor {
  let shares = 0;
  const stop = (): void => {
    monitor.stop();
    register.remove(record);
  };
  const record: SharedMonitor = Object.freeze({
    ...thisCopy,
    asks: (other: string) => other === question,
    share() {
      let isHeld = true;
      shares++;
      const giveBack = (): void => {
        if (!isHeld) return;
        isHeld = false;
        shares--;
        if (shares === 0) stop();
      };
      return { monitor, giveBack };
    },
    close: () => Promise.resolve(stop()),
  });
  register.add(record);
  return record;
}
