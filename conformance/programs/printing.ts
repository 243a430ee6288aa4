// Says whose token is to be looked for on the first line, then prints a database and its parts with the console's own
// methods, and `done`.
import { init } from '@instantdb/node';

/** What the process is given as its argument. */
export interface Input {
  appId: string;
  apiURI: string;
  websocketURI: string;
  adminToken: string;
}

const input = JSON.parse(process.argv[2] ?? '') as Input;
const db = init(input);
const { user } = await db.auth.signInAsGuest();
await db.ready();
console.log(`user ${user.refresh_token}`);
const room = db.joinRoom('chat', 'lobby');
const values: unknown[] = [db, { ...db }, [db], db.auth, db.storage, db.streams, db.tx, db._reactor, room];
for (const value of values) {
  console.log(value);
  console.log('%o %O', value, value);
  console.error(value);
  console.dir(value, { depth: null, showHidden: true });
  console.table([value]);
}
await db.close();
console.log('done');
