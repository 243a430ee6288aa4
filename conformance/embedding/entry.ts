/** How a tool's program loads what it uses. */
export interface EntryOptions {
  readonly format: 'esm' | 'cjs';
  /** Imports `ioredis` itself, and hands its class over. */
  readonly givesRedis?: boolean;
  /** Starts a local backend of its own as well. */
  readonly startsBackend?: boolean;
}

/** Statements that leave the shared program in `program`, and what it is given in `loaded`. */
export function loading({ format, givesRedis, startsBackend }: EntryOptions): string {
  const load = (name: string, from: string): string =>
    format === 'esm'
      ? `import ${name} from '${from}';`
      : `const ${name.replace('* as ', '')} = require('${from}');`;
  const names = ['sdk', ...(startsBackend ? ['backend'] : []), ...(givesRedis ? ['Redis'] : [])];
  return [
    load('{ program }', format === 'esm' ? './program.mjs' : './program.cjs'),
    load('* as sdk', '@instantdb/node'),
    ...(startsBackend ? [load('* as backend', '@instantdb/node/backend')] : []),
    ...(givesRedis ? [load('{ Redis }', 'ioredis')] : []),
    `const loaded = { ${names.join(', ')} };`,
  ].join('\n');
}

/** A whole program: it reports, and ends by itself. */
export function entry(options: EntryOptions): string {
  return `${loading(options)}\nprogram(loaded);\n`;
}
