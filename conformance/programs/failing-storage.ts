// Opens a database on a storage that cannot read one of its records, and closes it: nothing else holds this process.
import { init } from '@instantdb/node';

const records = new Map<string, string>();
const db = init({
  appId: '11111111-1111-4111-8111-111111111111',
  apiURI: 'http://127.0.0.1:9',
  storage: {
    name: 'failing',
    getItem(key: string) {
      if (key.endsWith('_005f_005fmeta')) throw new Error('The disk is failing');
      return records.get(key) ?? null;
    },
    setItem: (key: string, value: string) => void records.set(key, value),
    removeItem: (key: string) => void records.delete(key),
    getKeys: () => [...records.keys()],
  },
});
let tell = (): void => {};
const told = new Promise<void>((resolve) => {
  tell = resolve;
});
db.subscribeErrors(() => tell());
await told;
await db.close({ timeoutMs: 0 });
console.log('closed');
