import type { scripts, Told } from './script.ts';

/** What core told in Chromium; the suite `pages` holds this to it. */
export const coreTells: Record<keyof typeof scripts, Told> = {
  faults: {
    connect: {
      app: ['loading', 'writable'],
      status: ['opened', 'authenticated'],
      posts: [''],
    },
    'join a room, and show oneself': {
      room: ['loading', 'Ann with Bob', 'Anna with Bob'],
    },
    write: {
      posts: ['one'],
      write: ['one synced'],
    },
    'the connection is cut': {
      status: ['closed', 'opened', 'authenticated'],
      heard: ['left'],
    },
    'no network: written, shown, said': {
      status: ['closed'],
      posts: ['two', 'three', 'four'],
      write: ['two enqueued', 'three enqueued', 'four enqueued'],
      room: ['Annabel with Bob'],
    },
    'the network is back': {
      status: ['opened', 'authenticated'],
      'heard by Bob': ['both'],
    },
    'the server is gone: written': {
      room: ['Annabel with '],
      status: ['closed'],
      posts: ['five', 'six'],
      write: ['five enqueued', 'six enqueued'],
    },
    'the server is back': {
      status: ['opened', 'authenticated'],
      room: ['Annabel with Bob'],
    },
    'the app is read-only': {
      app: ['read-only'],
      write: ['seven This app is in read-only mode.'],
    },
    'the app is disabled': {
      posts: ['error: This app is currently disabled.'],
    },
    'the app is active': {
      app: ['writable'],
      status: ['opened', 'authenticated'],
      posts: ['six'],
    },
  },
  refusal: {
    'there is no such app': {
      app: ['loading'],
      status: ['opened', 'errored'],
      write: ['one enqueued'],
    },
    'there is, and the network changes': {
      status: ['closed', 'opened', 'authenticated'],
      app: ['writable'],
      posts: ['one', 'two'],
      write: ['two synced'],
    },
  },
};
