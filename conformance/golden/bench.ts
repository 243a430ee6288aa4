import { type Backend, startBackend } from '@instantdb/node/backend';
import { caseNow } from './fixture.ts';

/** What the permission cases run against. */
export interface Bench {
  readonly backend: Backend;
  /** Where the cases and their data sets are. */
  readonly folder: string;
  /** Sets the backend's clock, in epoch milliseconds; undefined lets it run. */
  setTime(ms: number | undefined): void;
}

export async function openBench(folder: string): Promise<Bench> {
  let time: number | undefined;
  return {
    backend: await startBackend({ now: () => time ?? caseNow() }),
    folder,
    setTime(ms) {
      time = ms;
    },
  };
}
