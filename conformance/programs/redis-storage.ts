// Opens storage "redis" and says what happens, a JSON value a line.
import { setTimeout } from 'node:timers/promises';
// By its path: drivers are no part of what the package exports.
import { openRedisStorage } from '../../src/drivers/storage/redis/redis.ts';

/** What the process is given as its argument. */
export interface Input {
  url: string;
  hold: boolean;
  /** Writes 1, 2, 3 … under `count` until a write is rejected, writes one record, or does nothing. */
  does: 'count' | 'write' | 'nothing';
}

/** What the process says. */
export type Line =
  | { acknowledged: number; pid: number }
  | { rejected: string | undefined }
  | { lost: string };

const { url, hold, does } = JSON.parse(process.argv[2] ?? '') as Input;
const say = (line: Line): void => console.log(JSON.stringify(line));

const driver = openRedisStorage(
  { url },
  {
    scope: { appId: 'scope', instanceKey: '' },
    whenLocked: 'fail',
    hold,
    report: () => {},
    lost: ({ code }) => say({ lost: code }),
    emptied: () => {},
  },
);

if (does === 'write') {
  await driver.write([['count', '1']]);
  say({ acknowledged: 1, pid: process.pid });
}
for (let count = 1; does === 'count'; count++) {
  try {
    await driver.write([['count', `${count}`]]);
  } catch (error) {
    say({ rejected: (error as { code?: string }).code });
    break;
  }
  say({ acknowledged: count, pid: process.pid });
  await setTimeout(5);
}
