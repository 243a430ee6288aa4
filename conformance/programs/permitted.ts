// Uses storages and a backend's folder, twice over, and says what it found and was told, a line each.

import { id, init, type NodeConfig } from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';

/** What the process is given as its argument. */
export interface Input {
  storages: ('filesystem' | 'sqlite')[];
  /** Whether to start a backend too. */
  backend: boolean;
  /** A folder for all of them. */
  folder: string;
}

const { storages, backend: hasBackend, folder } = JSON.parse(process.argv[2] ?? '') as Input;
const nowhere = { apiURI: 'http://127.0.0.1:1', websocketURI: 'ws://127.0.0.1:1/none' };
const say = (...words: unknown[]): void => console.log(words.join(' '));

for (const storage of storages) {
  const config: NodeConfig = { appId: id(), ...nowhere, storage, storagePath: `${folder}/${storage}` };
  for (let turn = 1; turn <= 2; turn++) {
    const db = init(config);
    db.subscribeErrors(({ code, message, hint }) => say(storage, 'told', code, message, hint));
    const { status } = await db.transact(db.tx.goals?.[id()]?.update({ title: 'Run' }) ?? []);
    say(storage, status, db.pendingTransactions().length);
    await db.close({ timeoutMs: 0 });
  }
}

const appId = id();
const rules = { $files: { allow: { create: 'true', view: 'true' } } };
for (let turn = 1; hasBackend && turn <= 2; turn++) {
  const backend = await startBackend({
    data: `${folder}/backend`,
    log: ({ level, message }) => level === 'warning' && say('backend told', message),
  });
  if (!backend.app(appId)) backend.createApp({ id: appId, rules });
  const db = init({ appId, apiURI: backend.url, instanceKey: `${turn}` });
  await db.transact(db.tx.goals?.[id()]?.update({ title: 'Run' }) ?? []);
  await db.storage.uploadFile(`${turn}.txt`, new File(['words'], `${turn}.txt`));
  const { data } = await db.queryOnce({ goals: {}, $files: {} });
  const [file] = data.$files ?? [];
  const text = await (await fetch(String(file?.url))).text();
  say('backend', data.goals?.length, data.$files?.length, text);
  await db.close();
  await backend.close();
}
