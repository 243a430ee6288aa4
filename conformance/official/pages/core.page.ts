import { id, init, lookup } from '@instantdb/core';
import { schema } from './schema.ts';

function open() {
  const { appId, apiURI, websocketURI } = Object.fromEntries(new URLSearchParams(location.search));
  // Where a program hands core an EventSource, core falls back to it when there is no getting through by WebSocket.
  return init({ appId, apiURI, websocketURI, schema }, undefined, undefined, undefined, EventSource);
}

/** What a test reaches in the page: the database, and what a program would import. */
export interface CorePage {
  db: ReturnType<typeof open>;
  id: typeof id;
  lookup: typeof lookup;
  /** What callbacks of the test were called with, in order. */
  seen: unknown[];
}

declare global {
  interface Window {
    core: CorePage;
  }
}

window.core = { db: open(), id, lookup, seen: [] };
