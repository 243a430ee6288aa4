import { type InstantNodeDatabase, id, lookup } from '@instantdb/node';
import { expect, test } from 'vitest';
import { exoticKey, exoticText, isSameJson, watchShared } from '../support/exotic-values.ts';
import type { Inbox } from '../support/inbox.ts';
import { addressOf, serve } from '../support/open.ts';
import { chunk, followPlain, openPlain, type PlainAnswer, type PlainRow } from '../support/plain-app.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { takeUncaught } from '../support/unhandled.ts';

const CASES = 250;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
console.log(`TEST_SEED=${seed}`);
const pollutionOf = watchShared();

/** Two clients of one app without a schema. */
interface World {
  random: Random;
  writer: InstantNodeDatabase;
  reader: InstantNodeDatabase;
  /** What the reader hears of `rows`, and the writer. */
  heard: Inbox<PlainAnswer>;
  own: Inbox<PlainAnswer>;
}

/** Each place where a user or a peer can put a value. */
const PLACES: Record<string, (world: World) => Promise<unknown>> = {
  async rows({ random, writer, heard }) {
    const text = exoticText(random, { keepable: true, depth: 400 });
    const row = id();
    await writer.transact(chunk('rows', row).update({ value: JSON.parse(text) }));
    const found = await foundIn(heard, row);
    expect(isSameJson(found, JSON.parse(text)), text).toBe(true);
    return text;
  },

  async merges({ random, writer, heard, own }) {
    const texts = [1, 2].map(() => `{"a":${exoticText(random, { keepable: true, depth: 300 })}}`);
    const [first = '', second = ''] = texts;
    const row = id();
    await writer.transact(chunk('rows', row).update({ value: JSON.parse(first), step: 1 }));
    await writer.transact(chunk('rows', row).merge({ value: JSON.parse(second), step: 2 }));
    const isMerged = (rows?: PlainRow[]): boolean =>
      rows?.some((one) => one.id === row && one.step === 2) ?? false;
    for (const answers of [own, heard]) {
      const { data } = await answers.first(({ data }) => isMerged(data?.rows));
      const found = data?.rows?.find((one) => one.id === row)?.value;
      expect(isSameJson(found, merged(JSON.parse(first), JSON.parse(second))), texts.join(' and ')).toBe(
        true,
      );
    }
    return texts;
  },

  async names({ random, writer, reader }) {
    const [etype, label] = [exoticKey(random), exoticKey(random)];
    const names = JSON.stringify([etype, label]);
    const row = id();
    const values = Object.fromEntries([[label, 'there']]);
    const written = await writer.transact(chunk(etype, row).update(values)).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (etype === '__proto__' || label === '__proto__') {
      expect(written, names).toMatchObject({ message: expect.stringContaining('"__proto__"') });
      return names;
    }
    if (written) {
      expect(written, names).toBeInstanceOf(Error);
      return names;
    }
    const { data } = (await reader.queryOnce(Object.fromEntries([[etype, {}]]) as never)) as PlainAnswer;
    const found = data?.[etype]?.find((one) => one.id === row);
    expect(found, names).toEqual(
      label === 'id'
        ? { id: row }
        : Object.fromEntries([
            ['id', row],
            [label, 'there'],
          ]),
    );
    return names;
  },

  async queries({ random, reader }) {
    const name = exoticKey(random);
    const value: unknown = JSON.parse(exoticText(random, { depth: 300 }));
    const where = random.pick([
      { value },
      Object.fromEntries([[name, value]]),
      { value: Object.fromEntries([[name, value]]) },
      { value: Object.fromEntries([[random.pick(['$in', '$not', '$gt', '$like', '$isNull', 'in']), value]]) },
      { [random.pick(['and', 'or'])]: [value, { value }] },
      { [`value.${name}`]: value },
    ]);
    const options = random.pick([
      { where },
      { where, order: Object.fromEntries([[name, 'asc']]) },
      { fields: [name] },
      { where, limit: 3 },
    ]);
    await settled(() => reader.queryOnce({ rows: { $: options } } as never));
    await settled(() =>
      reader.queryOnce(Object.fromEntries([['rows', Object.fromEntries([[name, {}]])]]) as never),
    );
    return options;
  },

  async 'rule params'({ random, writer, reader }) {
    const ruleParams = Object.fromEntries([
      [exoticKey(random), JSON.parse(exoticText(random, { keepable: true, depth: 300 }))],
    ]);
    await reader.queryOnce({ marks: {} } as never, { ruleParams });
    await settled(() => writer.transact(chunk('rows', id()).ruleParams(ruleParams).update({ step: 1 })));
    return ruleParams;
  },

  async 'local ids'({ random, reader }) {
    const [name, other] = [exoticKey(random), `${exoticKey(random)}!`];
    const first = await reader.getLocalId(name);
    expect(await reader.getLocalId(name), name).toBe(first);
    expect(await reader.getLocalId(other), name).not.toBe(first);
    return name;
  },

  async lookups({ random, writer }) {
    const name = exoticKey(random);
    const value: unknown = JSON.parse(exoticText(random, { keepable: true, depth: 300 }));
    await settled(() => writer.transact(chunk('rows', lookup(name, value)).update({ step: 1 })));
    await settled(() =>
      writer.transact(chunk('rows', id()).link({ [`links${random.below(2)}`]: lookup(name, value) })),
    );
    return name;
  },

  async 'what cannot be sent'({ random, writer, reader }) {
    const depth = 512 + random.below(60_000);
    const deep: unknown = JSON.parse(`${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`);
    const words = /nests more than 511 levels deep/;
    const refusal = expect.stringMatching(words);
    await expect(writer.transact(chunk('rows', id()).update({ value: deep }))).rejects.toMatchObject({
      message: refusal,
    });
    const query = { rows: { $: { where: { value: deep } } } } as never;
    expect(() => reader.queryOnce(query)).toThrow(
      expect.objectContaining({ name: 'QueryValidationError', message: refusal }),
    );
    expect(() => reader.subscribeQuery(query, () => {})).toThrow(words);
    await expect(writer.transact(chunk('rows', id()).update({ value: 1n }))).rejects.toMatchObject({
      message: expect.stringContaining('JSON cannot hold'),
    });
    return depth;
  },
};

test(`whatever is put where, everybody else goes on, ${CASES} times (TEST_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const uncaught = takeUncaught();
  const backend = await serve();
  const address = addressOf(backend, backend.createApp());
  const [writer, reader] = [openPlain(address), openPlain(address)];
  await Promise.all([writer.ready(), reader.ready()]);
  const marks = followPlain(reader, { marks: {} });
  const world: World = {
    random,
    writer,
    reader,
    heard: followPlain(reader, { rows: {} }),
    own: followPlain(writer, { rows: {} }),
  };
  const mark = id();
  const places = Object.keys(PLACES);
  for (let count = 0; count < CASES; count++) {
    // Each in its turn, so that none is left out.
    const place = places[count % places.length] ?? '';
    const put = await PLACES[place]?.(world);
    const what = `TEST_SEED=${seed}, case ${count}, ${place}: ${JSON.stringify(put)?.slice(0, 1_000)}`;
    await writer.transact(chunk('marks', mark).update({ count }));
    await marks.next(({ data }) => data?.marks?.[0]?.count === count);
    expect(uncaught.all, what).toEqual([]);
    expect(pollutionOf(), what).toEqual([]);
    // Few rows, so that the last case costs what the first does.
    if (count % 20 === 0) await emptied(writer);
  }
});

async function emptied(db: InstantNodeDatabase): Promise<void> {
  const { data } = (await db.queryOnce({ rows: {} } as never)) as PlainAnswer;
  await db.transact((data?.rows ?? []).map((row) => chunk('rows', row.id).delete()));
}

async function foundIn(answers: Inbox<PlainAnswer>, row: string): Promise<unknown> {
  const { data } = await answers.next(({ data }) => data?.rows?.some((one) => one.id === row) ?? false);
  return data?.rows?.find((one) => one.id === row)?.value;
}

/** Resolves once a call has an outcome; a refusal is an error with words. */
async function settled(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    expect(error).toMatchObject({ message: expect.stringMatching(/./) });
  }
}

/** What merging means, told by entries: nothing here is asked for a property. */
function merged(base: unknown, patch: unknown): unknown {
  if (!isPlain(base) || !isPlain(patch)) return patch;
  const entries = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) entries.delete(key);
    else entries.set(key, merged(entries.get(key), value));
  }
  return Object.fromEntries(entries);
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
