// Has a storage open in one part of the process, and tries to open it a hundred times in another.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { id, init, type NodeConfig } from '@instantdb/node';

type Package = typeof import('@instantdb/node');

/** What the process is given as its argument. */
export interface Input {
  config: NodeConfig;
  /** Where the writer is, for the main thread's `import` to be the second. */
  writer: 'worker' | 'vm' | 'require';
  /** Set in the worker that it starts. */
  isWorker?: boolean;
}

/** What it says at the end. */
export interface Outcome {
  /** The codes that the second was refused with, each with how often. */
  refused: Record<string, number>;
  /** How the writes of the writer ended, the last of them after all attempts. */
  statuses: string[];
  /** How many writes the second found when the writer's part of the process had ended, or it had closed. */
  found: number;
}

interface Writer {
  write(): Promise<string>;
  end(): Promise<unknown>;
}

const ATTEMPTS = 100;
const require = createRequire(import.meta.url);
const here = fileURLToPath(import.meta.url);
const argument = process.argv.at(-1) ?? '';
const input = JSON.parse(argument) as Input;

async function inPackage({ init, id }: Package, config: NodeConfig): Promise<Writer> {
  const db = init(config);
  return {
    async write() {
      return (await db.transact(db.tx.goals?.[id()]?.update({ title: 'Run' }) ?? [])).status;
    },
    end: () => db.close({ timeoutMs: 0 }),
  };
}

/** As a test runner loads the package: with globals of its own, in a context. */
function packageInContext(): Package {
  const globals = Object.getOwnPropertyDescriptors(globalThis) as Record<string, PropertyDescriptor>;
  const theirs = vm.runInContext('Object.getOwnPropertyNames(globalThis)', vm.createContext({})) as string[];
  const context = vm.createContext({ ArrayBuffer, Error, Uint8Array });
  for (const [name, descriptor] of Object.entries(globals)) {
    if (!theirs.includes(name)) Object.defineProperty(context, name, descriptor);
  }
  const file = here.replace(/[^/\\]+$/, 'whole.cjs');
  const wrapped = `(function (exports, require, module, __filename) {${readFileSync(file, 'utf8')}\n})`;
  const module = { exports: {} };
  vm.runInContext(wrapped, context)(module.exports, createRequire(file), module, file);
  return module.exports as Package;
}

async function inWorker(): Promise<Writer> {
  const worker = new Worker(here, { argv: [JSON.stringify({ ...input, isWorker: true })] });
  const next = (): Promise<string> => new Promise((resolve) => worker.once('message', resolve));
  return {
    write() {
      const status = next();
      worker.postMessage('write');
      return status;
    },
    end: () => worker.terminate(),
  };
}

async function startWriter(): Promise<Writer> {
  if (input.writer === 'worker') return inWorker();
  // Another identity, so that they are two databases.
  const config: NodeConfig = { ...input.config, durability: 'relaxed' };
  return inPackage(input.writer === 'vm' ? packageInContext() : require('./package.cjs'), config);
}

async function main(): Promise<Outcome> {
  const writer = await startWriter();
  const statuses = [await writer.write()];
  const refused: Outcome['refused'] = {};
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      await init(input.config).close({ timeoutMs: 0 });
      refused.opened = (refused.opened ?? 0) + 1;
    } catch (error) {
      const { code } = error as { code: string };
      refused[code] = (refused[code] ?? 0) + 1;
    }
  }
  statuses.push(await writer.write());
  await writer.end();
  const db = init({ ...input.config, whenStorageLocked: 'wait' });
  await db.getLocalId('loaded');
  const found = db.pendingTransactions().length;
  await db.close({ timeoutMs: 0 });
  return { refused, statuses, found };
}

async function work(): Promise<void> {
  const { parentPort } = await import('node:worker_threads');
  const writer = await inPackage({ init, id } as Package, input.config);
  parentPort?.on('message', () => void writer.write().then((status) => parentPort?.postMessage(status)));
}

if (input.isWorker) await work();
else {
  console.log(JSON.stringify(await main()));
  process.exit();
}
