import type { App } from './app.ts';
import type { Report } from './program.ts';

/** One way to build and run the shared program. */
export interface Case {
  readonly title: string;
  /** Packages that are installed beside ours. With `ioredis`, storage `'redis'` works. */
  readonly beside?: readonly string[];
  /** What its reports have beyond what all of them have. */
  readonly reports?: Pick<Report, 'again' | 'backend'>;
  /** Builds, runs on each of its runtimes, and gives what the program reported there. */
  run(app: App): Promise<ReportOn[]>;
}

export interface ReportOn {
  /** As in runtimes/plan.mjs, or an exact version as in runtimes/embedding/package.json. */
  readonly runtime: string;
  readonly report: Report;
}

/** Runs a program on several runtimes, one after the other. */
export async function runOn(
  runtimes: readonly string[],
  app: App,
  args: readonly string[],
  cwd?: string,
): Promise<ReportOn[]> {
  const reports: ReportOn[] = [];
  for (const runtime of runtimes) reports.push({ runtime, report: await app.report(runtime, args, cwd) });
  return reports;
}

/** The Node that has no SQLite of its own, and one that has. */
export const NODES: readonly string[] = ['node20', 'node24'];
