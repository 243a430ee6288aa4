import type { CharTest } from './char-classes.ts';
import { inCase, readClassEscape, readEscapedChar } from './pattern-escapes.ts';
import { PatternReader, patternError } from './pattern-reader.ts';
import { readSet } from './pattern-set.ts';

/** A regular expression in RE2's syntax, which has neither back-references nor lookaround. */
export type PatternNode =
  | { readonly kind: 'char'; readonly accepts: CharTest }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'lineStart' | 'lineEnd' | 'word' | 'noWord' }
  | { readonly kind: 'sequence' | 'choice'; readonly of: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly of: PatternNode; readonly min: number; readonly max: number };

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
}

/** A parsed part, with the product of the nested repeat counts in it. */
interface Part {
  readonly node: PatternNode;
  readonly copies: number;
}

interface Range {
  readonly min: number;
  readonly max: number;
  /** Whether it is written as a count, such as `{2}`. */
  readonly counted: boolean;
}

/** The maximum of one repeat count, and of the product of nested ones. */
const MAX_REPEAT = 1_000;
/** Our own limit: RE2 needs no stack for nesting. */
const MAX_DEPTH = 100;

const NO_LIMIT = Number.POSITIVE_INFINITY;

const COUNT = /\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/y;

/** Parses a regular expression. Throws a `SyntaxError` that says what is wrong, in RE2's wording. */
export function parsePattern(pattern: string): PatternNode {
  return new PatternParser(pattern).parse();
}

class PatternParser {
  readonly #reader: PatternReader;
  readonly #groupNames = new Set<string>();
  #depth = 0;
  #flags: Flags = { ignoreCase: false, dotAll: false, multiline: false };

  constructor(pattern: string) {
    this.#reader = new PatternReader(pattern);
  }

  parse(): PatternNode {
    const { node } = this.#choice();
    if (this.#reader.peek() !== undefined) throw patternError('unexpected )', this.#reader.pattern);
    return node;
  }

  #choice(): Part {
    if (++this.#depth > MAX_DEPTH) throw patternError('expression nests too deeply');
    const ways = [this.#sequence()];
    while (this.#reader.take('|')) ways.push(this.#sequence());
    this.#depth--;
    return partOf('choice', ways);
  }

  #sequence(): Part {
    const reader = this.#reader;
    const parts: Part[] = [];
    /** Start of the repetition directly before this position, if any. */
    let lastRange: number | undefined;
    for (let next = reader.peek(); next !== undefined && next !== '|' && next !== ')'; next = reader.peek()) {
      const start = reader.at;
      const range = this.#range();
      if (range) {
        parts.push(repeated(parts.pop(), range, reader, start, lastRange));
        lastRange = start;
      } else {
        // Flags and an empty quotation yield no part, so a repetition after them applies to the part before them.
        parts.push(...this.#atoms());
        lastRange = undefined;
      }
    }
    return partOf('sequence', parts);
  }

  #atoms(): Part[] {
    const reader = this.#reader;
    switch (reader.peek()) {
      case '(':
        return this.#group();
      case '[':
        return [char(readSet(reader, this.#flags.ignoreCase))];
      case '\\':
        return this.#escape();
      default:
        return [this.#plain(reader.next() ?? '')];
    }
  }

  #plain(text: string): Part {
    const { dotAll, multiline } = this.#flags;
    if (text === '.') return char(dotAll ? () => true : (other) => other !== '\n');
    if (text === '^') return assertion(multiline ? 'lineStart' : 'start');
    if (text === '$') return assertion(multiline ? 'lineEnd' : 'end');
    return this.#literal(text);
  }

  #literal(text: string): Part {
    return char(inCase((other) => other === text, this.#flags.ignoreCase));
  }

  #group(): Part[] {
    const reader = this.#reader;
    const before = this.#flags;
    const start = reader.at;
    if (reader.sees('(?P<') || reader.sees('(?<')) this.#name();
    else if (reader.take('(?')) {
      if (!this.#readFlags(start)) return [];
    } else reader.take('(');
    const part = this.#choice();
    if (!reader.take(')')) throw patternError('missing closing )', reader.pattern);
    this.#flags = before;
    return [part];
  }

  #name(): void {
    const reader = this.#reader;
    const start = reader.at;
    const opening = reader.take('(?P<') ? '(?P<' : '(?<';
    if (opening === '(?<') reader.take(opening);
    const name = reader.until('>');
    if (name === undefined) throw patternError('invalid named capture', reader.pattern.slice(start));
    if (!/^[0-9A-Za-z_]+$/.test(name)) throw patternError('invalid named capture', `${opening}${name}>`);
    if (this.#groupNames.has(name)) throw patternError('duplicate capture group name', name);
    this.#groupNames.add(name);
  }

  /**
   * Reads the flags after `(?`, and returns whether a group follows; otherwise they apply to the rest of the enclosing
   * group.
   */
  #readFlags(start: number): boolean {
    const reader = this.#reader;
    const flags = { ...this.#flags };
    let on = true;
    let isFlagDue = false;
    for (let flag = reader.next(); flag !== undefined; flag = reader.next()) {
      if ((flag === ':' || flag === ')') && !isFlagDue) {
        this.#flags = flags;
        return flag === ':';
      }
      if (flag === '-' && on) {
        on = false;
        isFlagDue = true;
        continue;
      }
      isFlagDue = false;
      if (flag === 'i') flags.ignoreCase = on;
      else if (flag === 's') flags.dotAll = on;
      else if (flag === 'm') flags.multiline = on;
      // Laziness does not affect whether there is a match.
      else if (flag !== 'U') break;
    }
    throw patternError('invalid or unsupported Perl syntax', reader.since(start));
  }

  /** Reads a repetition; undefined, reading nothing, if there is none here. */
  #range(): Range | undefined {
    const reader = this.#reader;
    if (reader.take('*')) return { min: 0, max: NO_LIMIT, counted: false };
    if (reader.take('+')) return { min: 1, max: NO_LIMIT, counted: false };
    if (reader.take('?')) return { min: 0, max: 1, counted: false };
    if (reader.peek() !== '{') return undefined;
    const [whole, low, comma, high] = reader.match(COUNT) ?? [];
    if (whole === undefined) return undefined;
    const min = Number(low);
    const max = comma === undefined ? min : high === undefined ? NO_LIMIT : Number(high);
    if (min > MAX_REPEAT || (max !== NO_LIMIT && max > MAX_REPEAT) || max < min) {
      throw patternError('invalid repeat count', whole);
    }
    return { min, max, counted: true };
  }

  #escape(): Part[] {
    const reader = this.#reader;
    if (reader.take('\\A')) return [assertion('start')];
    if (reader.take('\\z')) return [assertion('end')];
    if (reader.take('\\b')) return [assertion('word')];
    if (reader.take('\\B')) return [assertion('noWord')];
    if (reader.take('\\Q')) {
      const quoted = reader.until('\\E') ?? reader.takeRest();
      return [...quoted].map((each) => this.#literal(each));
    }
    const accepts = readClassEscape(reader, this.#flags.ignoreCase);
    return [accepts ? char(accepts) : this.#literal(readEscapedChar(reader))];
  }
}

/** `start` is where this repetition begins, `lastRange` where the one directly before it begins, if any. */
function repeated(
  part: Part | undefined,
  { min, max, counted }: Range,
  reader: PatternReader,
  start: number,
  lastRange: number | undefined,
): Part {
  reader.take('?');
  if (lastRange !== undefined) {
    throw patternError('invalid nested repetition operator', reader.since(lastRange));
  }
  if (!part) throw patternError('missing argument to repetition operator', reader.since(start));
  const count = counted ? (max === NO_LIMIT ? Math.max(min, 1) : max) : 1;
  const copies = part.copies * count;
  if (counted && (min >= 2 || max >= 2) && copies > MAX_REPEAT) {
    throw patternError('invalid repeat count', reader.since(start));
  }
  return { node: { kind: 'repeat', of: part.node, min, max }, copies };
}

function char(accepts: CharTest): Part {
  return { node: { kind: 'char', accepts }, copies: 1 };
}

function assertion(what: Extract<PatternNode, { kind: 'assert' }>['what']): Part {
  return { node: { kind: 'assert', what }, copies: 1 };
}

function partOf(kind: 'sequence' | 'choice', parts: readonly Part[]): Part {
  const copies = parts.reduce((most, part) => Math.max(most, part.copies), 1);
  return { node: { kind, of: parts.map(({ node }) => node) }, copies };
}
