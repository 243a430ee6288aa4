import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Input, Outcome } from '../programs/neighbours.ts';
import { buildProgram } from '../support/child.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

const storages = ['filesystem', ...(hasSqlite ? (['sqlite'] as const) : [])] as ('filesystem' | 'sqlite')[];

const writers: readonly Input['writer'][] = ['worker', 'vm', 'require'];

describe.each(storages)('storage "%s" that another part of the process has open', (storage) => {
  let program: Awaited<ReturnType<typeof buildProgram>>;
  beforeAll(async () => {
    program = await buildProgram('neighbours', { copies: true });
  });
  afterAll(() => program.remove());

  test.each(writers)('is kept by a writer in "%s" while a second asks for it 100 times', async (writer) => {
    const input: Input = {
      writer,
      config: {
        appId: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
        apiURI: 'http://127.0.0.1:1',
        storage,
        storagePath: `${temporaryFolder()}/data`,
      },
    };
    const child = program.start(input);
    const { errors } = await child.ended;
    const line = child.lines.all.at(-1) ?? '{}';
    expect(JSON.parse(line), errors).toEqual({
      refused: { 'storage-locked': 100 },
      statuses: ['enqueued', 'enqueued'],
      found: 2,
    } satisfies Outcome);
  });
});
