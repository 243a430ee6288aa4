import { aligned, cells, ratio } from '../report.mjs';
import { median } from '../statistics.mjs';
import { DELIVERED } from './deliveries.mjs';
import { CORE_IN_FLIGHT, IN_FLIGHT, SIZES } from './measure.mjs';
import { CACHED_QUERIES, LEFT_WRITES } from './prepare.mjs';

/** How much more a write may take when the most wait than when the fewest do. */
export const GROWTH_LIMIT = 1.5;
const [FEWEST, MIDDLE] = SIZES;
const MOST = SIZES.at(-1);

const MEASURES = {
  p50: 'One durable write at a time, p50, µs',
  cpu: 'One durable write at a time, CPU, µs',
  inFlight: `${count(IN_FLIGHT)} writes in flight (core: ${CORE_IN_FLIGHT}), each, µs`,
};

/**
 * Sums up the rounds of all writers by one measure.
 * @param {import('./measure.mjs').Writes} writes
 * @param {import('./measure.mjs').Measure} measure
 */
function summarizeWrites({ subjects, samples }, measure) {
  const rounds = (id, size) => samples[id].map((sample) => sample[size][measure]);
  return subjects
    .filter(({ id }) => rounds(id, MIDDLE).every((value) => value !== undefined))
    .map(({ id, label, kind }) => ({
      id,
      label,
      kind,
      us: SIZES.map((size) => median(rounds(id, size))),
      growth: ratio(rounds(id, MOST), rounds(id, FEWEST)),
      toCore: ratio(rounds(id, MIDDLE), rounds('core', MIDDLE)),
      toBare: ratio(rounds(id, MIDDLE), rounds('bare', MIDDLE)),
      // One sync is what a single write costs at least, and what many in flight are to share.
      toDisk: ratio(
        rounds(id, MIDDLE),
        samples.disk.map((sample) => sample[MIDDLE][measure === 'inFlight' ? 'p50' : measure]),
      ),
    }));
}

/** All tables of one runtime. */
export function tables({ writes, queries, pending, deliveries }) {
  return [
    ...Object.entries(MEASURES).map(([measure, title]) =>
      writesTable(title, measure, summarizeWrites(writes, measure)),
    ),
    openingsTable(`${count(CACHED_QUERIES)} cached queries, no network: init to first answer`, queries),
    openingsTable(`${count(LEFT_WRITES)} pending writes: init until they are listed`, pending),
    deliveriesTable(deliveries),
  ].join('\n\n');
}

/** Where a storage of ours grows by more than it may. */
export function tooMuchGrowth({ writes }) {
  return Object.entries(MEASURES).flatMap(([measure, title]) =>
    summarizeWrites(writes, measure)
      .filter(({ kind, growth }) => kind === 'ours' && growth.median > GROWTH_LIMIT)
      .map(({ label, growth }) => `${label}: ${title}: ${growth.median.toFixed(2)} ×`),
  );
}

function writesTable(title, measure, rows) {
  const sizes = SIZES.map((size) => `${count(size)} wait`);
  const perSecond = measure === 'inFlight' ? ['writes/s'] : [];
  // What the processor does for a sync says nothing.
  const disk = measure === 'cpu' ? [] : ['/disk', ''];
  const head = ['', ...sizes, ...perSecond, 'growth', '', '/core', '', '/bare', '', ...disk];
  const lines = rows.map(({ kind, label, us, growth, toCore, toBare, toDisk }) => [
    label,
    ...us.map(figure),
    ...perSecond.map(() => count(1e6 / us[1])),
    ...cells(growth),
    ...cells(kind === 'core' ? undefined : toCore),
    ...cells(kind === 'bare' ? undefined : toBare),
    ...(disk.length > 0 ? cells(kind === 'disk' ? undefined : toDisk) : []),
  ]);
  return `${title}\n${aligned([head, ...lines])}`;
}

function openingsTable(title, { subjects, ms }) {
  const lines = subjects.map(({ id, kind, label }) => [
    label,
    figure(median(ms[id])),
    ...cells(kind === 'core' ? undefined : ratio(ms[id], ms.core)),
  ]);
  return `${title}\n${aligned([['', 'ms', '/core', ''], ...lines])}`;
}

function deliveriesTable({ subjects, samples }) {
  const head = ['', ...DELIVERED.flatMap((size) => [`${count(size)}: first, ms`, 'all, ms', 'MiB'])];
  const lines = subjects.map(({ id, label }) => [
    label,
    ...DELIVERED.flatMap((size) => {
      const { firstMs, allMs, mebibytes } = samples[id][size];
      return [firstMs, allMs, mebibytes].map(count);
    }),
  ]);
  return `Pending writes that are delivered: init to the first answer and to the last, and the most memory\n${aligned([head, ...lines])}`;
}

function figure(value) {
  return value < 100 ? value.toFixed(1) : count(value);
}

function count(value) {
  return Math.round(value).toLocaleString('en');
}
