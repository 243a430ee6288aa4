// Loaded into instant-cli before its own code: reaching for any other machine ends it.
import { Socket } from 'node:net';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost', undefined]);
const { connect } = Socket.prototype;

Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  const host = typeof options === 'object' ? options.host : args[1];
  if (!LOOPBACK.has(host)) {
    console.error(`Not allowed to connect to ${host}`);
    process.exit(97);
  }
  return connect.apply(this, args);
};
