// Opens storages and a backend's folder, says so, and runs until it is ended, or begun anew by whoever watches its file.

import { id, init, type NodeConfig } from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';

/** What the process is given as its argument. */
export interface Input {
  storages: ('filesystem' | 'sqlite')[];
  /** Whether to start a backend too. */
  backend: boolean;
  folder: string;
}

/** What it says each time. */
export interface Opened {
  pid: number;
  /** How many writes wait, its own among them, by storage. */
  pending: Record<string, number>;
  /** How many apps the backend has, the one that was made just now among them. */
  apps: number;
  /** How many databases this process has. */
  databases: number;
}

const { storages, backend: hasBackend, folder } = JSON.parse(process.argv.at(-1) ?? '') as Input;
const nowhere = { apiURI: 'http://127.0.0.1:1', websocketURI: 'ws://127.0.0.1:1/none' };
const appId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

async function open(): Promise<Opened> {
  const pending: Opened['pending'] = {};
  for (const storage of storages) {
    const config: NodeConfig = { appId, ...nowhere, storage, storagePath: `${folder}/${storage}` };
    const db = init(config);
    await db.transact(db.tx.goals?.[id()]?.update({ title: 'Run' }) ?? []);
    pending[storage] = db.pendingTransactions().length;
  }
  const backend = hasBackend ? await startBackend({ data: `${folder}/backend` }) : undefined;
  backend?.createApp();
  // What it answers says nothing that is not on the disk: the app is, then.
  if (backend) await (await fetch(backend.url)).text();
  const databases = Reflect.get(globalThis, Symbol.for('@instantdb/node databases')) as object[];
  return { pid: process.pid, pending, apps: backend?.apps().length ?? 0, databases: databases.length };
}

open().then(
  (opened) => console.log(JSON.stringify(opened)),
  (error) => console.log(String(error), error.hint),
);
