// The process that kill.test.ts kills: a backend on the folder it is given, with one app.
import { startBackend } from '../index.ts';
import { todoSchema } from './todos.ts';

const backend = await startBackend({ data: process.argv[2] as string });
const app = backend.apps()[0] ?? backend.createApp({ schema: todoSchema });
const { websocketURI } = backend;
console.log(JSON.stringify({ websocketURI, id: app.id, adminToken: app.adminToken }));
