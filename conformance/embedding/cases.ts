import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { App } from './app.ts';
import type { Report } from './program.ts';
import type { Case, ReportOn } from './tool.ts';
import { openWorld, type World } from './world.ts';

/** The world of a file of tests, to be asked for within one. */
export function sharedWorld(): () => World {
  let world: World | undefined;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  return () => {
    if (!world) throw new Error('There is a world within a test alone');
    return world;
  };
}

/** Tests of a table of tools. */
export function testTools(tools: Readonly<Record<string, readonly Case[]>>, world: () => World): void {
  describe.each(Object.entries(tools))('%s', (_, cases) => {
    test.each(cases.map((one) => [one.title, one] as const))('%s', async (_, one) => {
      const app = await App.create(world(), one.beside);
      try {
        const reports = await one.run(app);
        expect(reports).not.toEqual([]);
        expect(reports).toEqual(
          reports.map(({ runtime }) => ({ runtime, report: expected(one, runtime, world()) })),
        );
      } finally {
        await app.remove();
      }
    });
  });
}

const kept = 'enqueued';

function expected({ beside = [], reports = {} }: Case, runtime: string, world: World): ReportOn['report'] {
  const redis = beside.includes('ioredis') ? kept : expect.stringMatching(/^missing-dependency: .*ioredis/);
  return {
    live: { title: 'Ship it', length: 100 * 1024 },
    filesystem: kept,
    sqlite:
      hasSqlite(runtime) || beside.includes('better-sqlite3')
        ? kept
        : expect.stringMatching(/^missing-dependency: .*better-sqlite3/),
    ...(world.redisUrl !== undefined && { redis }),
    ...reports,
  } as Report;
}

/** Node has it without a flag from 22.13 on. */
function hasSqlite(runtime: string): boolean {
  return !/^node(20|22\.11)/.test(runtime);
}
