import { init } from '@instantdb/node';
import { onTestFinished } from 'vitest';
import { switchedNetwork } from '../support/network.ts';
import { freshKey } from '../support/open.ts';
import { type Driven, eager } from './script.ts';
import { subject } from './subject.ts';

/** This package, in this process. */
export function thisClient(): Driven {
  const network = switchedNetwork(true);
  const { open, join, leave, show, say, write, told } = subject((place) => {
    const db = init({ ...place, instanceKey: freshKey(), network, connection: eager });
    onTestFinished(() => db.close({ timeoutMs: 0 }));
    return db;
  });
  return {
    open: async (place) => open(place),
    join: async (name) => join(name),
    leave: async () => leave(),
    show: async (name) => show(name),
    say: async (hand) => say(hand),
    write: async (title) => write(title),
    told: async () => [...told()],
    setOnline: async (isOnline) => {
      await network.listenedTo;
      network.switch(isOnline);
    },
  };
}
