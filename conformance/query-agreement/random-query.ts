import fc from 'fast-check';
import { type Blob, type Draw, drawValue, type World } from './random-world.ts';

/** What a random query has in it, to tell which comparison it allows. */
export interface Traits {
  /** `$not` or `$isNull: true` where entities of the namespace can be sent, in part, for other reasons too. */
  negates: boolean;
  /** Keys of one element, or a negation, that reach entities on links: the client shares them, the server does not. */
  shares: boolean;
  /** A reversed link compared with a set or negated: the client finds nothing there. */
  reverseSet: boolean;
  paged: boolean;
}

export interface RandomQuery {
  query: Record<string, Form>;
  traits: Traits;
}

export interface Form {
  $?: Record<string, unknown>;
  [label: string]: unknown;
}

interface Reach {
  label: string;
  etype: string;
  reverse: boolean;
}

function linksOf(world: World, etype: string): Reach[] {
  return world.links.flatMap((link) => [
    ...(link.from === etype ? [{ label: link.forward, etype: link.to, reverse: false }] : []),
    ...(link.to === etype ? [{ label: link.reverse, etype: link.from, reverse: true }] : []),
  ]);
}

function oneIn(draw: Draw, n: number): boolean {
  return draw(fc.integer, { min: 1, max: n }) === 1;
}

/** Draws queries over one app. */
class QueryDrawer {
  readonly traits: Traits = { negates: false, shares: false, reverseSet: false, paged: false };
  readonly #draw: Draw;
  readonly #world: World;
  /** Nothing that would send entities in part: see the known differences on limits. */
  readonly #plain: boolean;
  #isSimple = true;
  #hasNegation = false;

  constructor(draw: Draw, world: World, plain: boolean) {
    this.#draw = draw;
    this.#world = world;
    this.#plain = plain;
  }

  finish(query: Record<string, Form>): RandomQuery {
    const { traits } = this;
    const alone = Object.keys(query).length === 1 && this.#isSimple;
    traits.negates = this.#hasNegation && !alone;
    return { query, traits };
  }

  #pick<T>(from: readonly T[]): T {
    return this.#draw(fc.constantFrom, ...from) as T;
  }

  #path(etype: string): { path: string[]; etype: string } {
    const path: string[] = [];
    let here = etype;
    while (path.length < 3 && this.#draw(fc.boolean)) {
      const links = linksOf(this.#world, here);
      if (links.length === 0) break;
      const next = this.#pick(links);
      path.push(next.label);
      here = next.etype;
    }
    if (path.length > 0) this.#isSimple = false;
    return { path, etype: here };
  }

  #id(etype: string): string {
    const ids = this.#world.ids[etype] ?? [];
    return ids.length === 0 ? '00000000-0000-4000-8000-000000000000' : this.#pick(ids);
  }

  #linkValue(link: Reach): unknown {
    const kind = this.#draw(fc.integer, { min: 0, max: this.#plain ? 1 : 3 });
    if (kind === 0 || (this.#plain && link.reverse)) return this.#id(link.etype);
    if (kind === 1) {
      this.traits.reverseSet ||= link.reverse;
      return { $in: [this.#id(link.etype), this.#id(link.etype)] };
    }
    if (kind === 2) {
      this.traits.reverseSet ||= link.reverse;
      this.#hasNegation = true;
      return { $not: this.#id(link.etype) };
    }
    return this.#isNull();
  }

  #isNull(): unknown {
    const isNull = !this.#plain && this.#draw(fc.boolean);
    if (isNull) this.#hasNegation = true;
    return { $isNull: isNull };
  }

  #scalar(blob: Blob): string | number | boolean {
    const value = drawValue(this.#draw, blob.type);
    return value === null || typeof value === 'object' ? 'a' : value;
  }

  #blobValue(blob: Blob): unknown {
    const kind = this.#draw(fc.integer, { min: 0, max: 6 });
    if (kind <= 1) return this.#scalar(blob);
    if (kind === 2) {
      const values: unknown[] = [this.#scalar(blob), this.#scalar(blob)];
      if (blob.indexed && this.#draw(fc.boolean)) values.push(null);
      return { [this.#pick(['in', '$in'])]: values };
    }
    if (kind === 3 && !this.#plain) {
      this.#hasNegation = true;
      return { [this.#pick(['$not', '$ne'])]: this.#scalar(blob) };
    }
    if (kind === 4 || !blob.type || !blob.filled) return this.#isNull();
    if (kind === 5 && blob.type === 'string') {
      return { [this.#pick(['$like', '$ilike'])]: this.#pick(['%', 'a%', '%b', 'a_b', '_', '%Z%z', 'A%']) };
    }
    return { [this.#pick(['$gt', '$gte', '$lt', '$lte'])]: this.#scalar(blob) };
  }

  #condition(etype: string): { key: string; value: unknown; hops: number } {
    const { path, etype: end } = this.#path(etype);
    const links = linksOf(this.#world, end);
    const hops = path.length;
    const key = (label: string): string => [...path, label].join('.');
    if (oneIn(this.#draw, 20)) return { key: key('unheardOf'), value: 'a', hops };
    if (links.length > 0 && oneIn(this.#draw, 4)) {
      const link = this.#pick(links);
      return { key: key(link.label), value: this.#linkValue(link), hops: hops + 1 };
    }
    if (oneIn(this.#draw, 6)) {
      const isPlainPath = this.#plain && hops > 0;
      if (!isPlainPath) return { key: key('id'), value: this.#id(end), hops };
    }
    const blob = this.#pick(this.#world.blobs);
    return { key: key(blob.label), value: this.#blobValue(blob), hops };
  }

  /** Conditions on the far ends of links to one namespace: one entity must fulfil them all, whichever link it is on. */
  #siblings(etype: string): { key: string; value: unknown; hops: number }[] {
    const links = linksOf(this.#world, etype);
    if (links.length === 0) return [];
    this.#isSimple = false;
    const to = this.#pick(links).etype;
    const ways = links.filter((link) => link.etype === to).map((link) => link.label);
    const labels = this.#draw(fc.subarray, ['flag', 'num', 'text', 'day'], { minLength: 2, maxLength: 2 });
    const taken = this.#draw(fc.shuffledSubarray, ways, {
      minLength: 1,
      maxLength: Math.min(2, ways.length),
    });
    return labels.map((label, index) => {
      const blob = this.#world.blobs.find((candidate) => candidate.label === label) as Blob;
      const value = { $in: [this.#scalar(blob), this.#scalar(blob)] };
      return { key: `${taken[index % taken.length]}.${label}`, value, hops: 1 };
    });
  }

  /** Notes where the client shares entities between conditions and the server does not. */
  #noteSharing(conditions: { value: unknown; hops: number }[], inElement: boolean): void {
    const reaching = conditions.filter(({ hops }) => hops > 0);
    if (reaching.length < 2) return;
    const negates = JSON.stringify(reaching.map(({ value }) => value)).match(/\$not|\$ne|"\$isNull":true/);
    if (inElement || negates) this.traits.shares = true;
  }

  where(etype: string, depth: number): Record<string, unknown> {
    const most = this.#plain && depth > 0 ? 1 : 3;
    const count = this.#draw(fc.integer, { min: depth === 0 ? 0 : 1, max: most });
    const conditions = Array.from({ length: count }, () => this.#condition(etype));
    if (depth === 0 && oneIn(this.#draw, 3))
      conditions.splice(oneIn(this.#draw, 2) ? 0 : 3, 3, ...this.#siblings(etype));
    const where: Record<string, unknown> = Object.fromEntries(
      conditions.map(({ key, value }) => [key, value]),
    );
    this.#noteSharing(conditions, depth > 0);
    if (depth >= (this.#plain ? 1 : 2)) return where;
    const both = (['and', 'or'] as const).filter(() => oneIn(this.#draw, 3));
    const kinds = this.#plain ? both.slice(0, 1) : both;
    for (const kind of kinds) {
      const size = this.#draw(fc.integer, { min: 1, max: 3 });
      where[kind] = Array.from({ length: size }, () => this.where(etype, depth + 1));
    }
    // Core numbers the elements of a list; those of `and` and of `or`, and of lists within lists, can get one name.
    if (kinds.length > 0 && (kinds.length > 1 || depth > 0)) this.traits.shares = true;
    return where;
  }

  #options(etype: string, level: number): Record<string, unknown> {
    const options: Record<string, unknown> = {};
    if (this.#draw(fc.boolean)) options.where = this.where(etype, 0);
    const typed = this.#world.blobs.filter((blob) => blob.type && blob.indexed).map((blob) => blob.label);
    const order = this.#pick(['serverCreatedAt', ...typed]);
    const ordered = oneIn(this.#draw, 3);
    if (ordered) options.order = { [order]: this.#pick(['asc', 'desc']) };
    if (level === 0 ? this.#plain : oneIn(this.#draw, 8)) this.#limit(options, level);
    const mayPick = !this.#plain || level === 0;
    if (mayPick && oneIn(this.#draw, 4)) {
      const labels = ['nothing', 'id', ...this.#world.blobs.map((blob) => blob.label)];
      const fields = this.#draw(fc.subarray, labels) as string[];
      options.fields = ordered && order !== 'serverCreatedAt' ? [...fields, order] : fields;
    }
    return options;
  }

  #limit(options: Record<string, unknown>, level: number): void {
    const limit = this.#draw(fc.integer, { min: 1, max: 3 });
    options[this.#pick(['limit', 'first'])] = limit;
    if (level > 0) return;
    this.traits.paged = true;
    if (this.#draw(fc.boolean)) options.offset = this.#draw(fc.integer, { min: 1, max: 3 });
  }

  form(etype: string, level: number): Form {
    const form: Form = {};
    const options = this.#options(etype, level);
    if (Object.keys(options).length > 0) form.$ = options;
    if (level >= 2) return form;
    for (const link of linksOf(this.#world, etype)) {
      if (!oneIn(this.#draw, 2 + level)) continue;
      this.#isSimple = false;
      form[link.label] = this.form(link.etype, level + 1);
    }
    if (oneIn(this.#draw, 20)) form.unheardOf = {};
    return form;
  }
}

/** Draws a query over a random app. A third of them are pages. */
export function drawQuery(draw: Draw, world: World): RandomQuery {
  const plain = oneIn(draw, 3);
  const drawer = new QueryDrawer(draw, world, plain);
  const wanted = plain
    ? [draw(fc.constantFrom, ...world.etypes)]
    : (draw(fc.subarray, [...world.etypes]) as string[]);
  const etypes = wanted.length > 0 ? wanted : ['a'];
  return drawer.finish(Object.fromEntries(etypes.map((etype) => [etype, drawer.form(etype, 0)])));
}
