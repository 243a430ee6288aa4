// Prints a database and its parts with the console's own methods, which is where it logs to as well; then `done`. Which
// token is to be looked for is said apart from that, in the file `tell`.
import { writeFileSync } from 'node:fs';
import { init } from '@instantdb/node';

/** What the process is given as its argument. */
export interface Input {
  appId: string;
  apiURI: string;
  websocketURI: string;
  adminToken: string;
  /** Where to write the user's token. */
  tell: string;
}

const { tell, ...options } = JSON.parse(process.argv[2] ?? '') as Input;
const db = init({ ...options, verbose: true });
const { user } = await db.auth.signInAsGuest();
await db.ready();
writeFileSync(tell, user.refresh_token, { mode: 0o600 });
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
