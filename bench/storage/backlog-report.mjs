import { aligned } from '../report.mjs';
import { GROWTH_LIMIT } from './growth-limit.mjs';

/** How much more memory delivering the most may take than delivering the fewest. */
const MEMORY_LIMIT_MB = 400;
/** How long the first acknowledgement may take. */
const FIRST_LIMIT_MS = 2_000;

/** What each write costs; memory is what it adds to that of the fewest. */
const COSTS = {
  enqueue: ({ enqueueUs }) => enqueueUs,
  kept: ({ keptBytes }) => keptBytes,
  deliver: ({ deliverUs }) => deliverUs,
  memory: ({ peakMB, count }, fewest) =>
    count > fewest.count ? (peakMB - fewest.peakMB) / (count - fewest.count) : undefined,
};

/** @param {import('./backlogs.mjs').Backlog[]} backlogs */
export function backlogTable(backlogs) {
  const head = ['', 'writes', 'enqueue µs', 'kept B', 'first ms', 'deliver µs', 'peak MB', 'left B'];
  const lines = backlogs.map((backlog) => [
    backlog.driver,
    figure(backlog.count),
    figure(backlog.enqueueUs),
    figure(backlog.keptBytes),
    figure(backlog.firstMs),
    figure(backlog.deliverUs),
    figure(backlog.peakMB),
    figure(backlog.leftBytes),
  ]);
  const growths = byDriver(backlogs).map((rows) => {
    const { driver, growth } = grown(rows);
    const said = Object.entries(growth).map(([cost, times]) => `${cost} ${times.toFixed(2)} ×`);
    return `${driver}, to ${figure(rows.at(-1).count)}: ${said.join(', ')}`;
  });
  return `Writes made without a network, and delivered by the next process\n${aligned([head, ...lines])}\nGrowth, each\n${growths.join('\n')}`;
}

/** What is more than it may be. */
export function tooMuchBacklog(backlogs) {
  return byDriver(backlogs).flatMap((rows) => {
    const { driver, growth } = grown(rows);
    const [fewest, most] = [rows[0], rows.at(-1)];
    const above = most.peakMB - fewest.peakMB;
    return [
      ...Object.entries(growth)
        .filter(([, times]) => times > GROWTH_LIMIT)
        .map(
          ([cost, times]) =>
            `${driver}: ${cost} of each of ${figure(most.count)} writes: ${times.toFixed(2)} ×`,
        ),
      ...(above > MEMORY_LIMIT_MB
        ? [
            `${driver}: ${figure(above)} MB more for ${figure(most.count)} writes than for ${figure(fewest.count)}`,
          ]
        : []),
      ...rows
        .filter(({ firstMs }) => firstMs > FIRST_LIMIT_MS)
        .map(
          ({ count, firstMs }) => `${driver}: ${figure(firstMs)} ms to the first answer of ${figure(count)}`,
        ),
    ];
  });
}

function byDriver(backlogs) {
  const drivers = [...new Set(backlogs.map(({ driver }) => driver))];
  return drivers.map((driver) => backlogs.filter((backlog) => backlog.driver === driver));
}

/** From the last but one number of writes to the last. */
function grown(rows) {
  const [before, last] = rows.slice(-2);
  const growth = Object.entries(COSTS)
    .map(([cost, of]) => [cost, of(last, rows[0]) / of(before, rows[0])])
    .filter(([, times]) => Number.isFinite(times));
  return { driver: last.driver, growth: Object.fromEntries(growth) };
}

function figure(value) {
  if (value === undefined) return '';
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
