import { type CharTest, CLASSES, CONTROLS, isWordChar, POSIX } from './char-classes.ts';

/** A regular expression as RE2 has them: without references back and without looking around. */
export type PatternNode =
  | { readonly kind: 'char'; readonly accepts: (char: string) => boolean }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'lineStart' | 'lineEnd' | 'word' | 'noWord' }
  | { readonly kind: 'sequence' | 'choice'; readonly of: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly of: PatternNode; readonly min: number; readonly max: number };

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
}

const MAX_REPEAT = 1_000;
const MAX_DEPTH = 100;

/** Reads a regular expression. Throws a `SyntaxError` that says what cannot be read. */
export function parsePattern(pattern: string): PatternNode {
  return new PatternParser(pattern).parse();
}

class PatternParser {
  readonly #pattern: string;
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, dotAll: false, multiline: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#chars = [...pattern];
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#chars.length) throw this.#bad('unexpected )');
    return node;
  }

  #choice(): PatternNode {
    if (++this.#depth > MAX_DEPTH) throw this.#bad('nested too deeply');
    const ways = [this.#sequence()];
    while (this.#take('|')) ways.push(this.#sequence());
    this.#depth--;
    return { kind: 'choice', of: ways };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      const atom = this.#atom();
      if (atom) parts.push(this.#repeated(atom));
    }
    return { kind: 'sequence', of: parts };
  }

  /** Undefined for flags, which match nothing. */
  #atom(): PatternNode | undefined {
    const char = this.#next();
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return this.#char(this.#set());
      case '.':
        return this.#dot();
      case '^':
        return { kind: 'assert', what: this.#flags.multiline ? 'lineStart' : 'start' };
      case '$':
        return { kind: 'assert', what: this.#flags.multiline ? 'lineEnd' : 'end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw this.#bad(`nothing to repeat before ${char}`);
      default:
        return this.#char(equals(char));
    }
  }

  #dot(): PatternNode {
    return this.#flags.dotAll
      ? { kind: 'char', accepts: () => true }
      : { kind: 'char', accepts: (char) => char !== '\n' };
  }

  #char(accepts: CharTest): PatternNode {
    if (!this.#flags.ignoreCase) return { kind: 'char', accepts };
    return {
      kind: 'char',
      accepts: (char) => accepts(char) || accepts(char.toLowerCase()) || accepts(char.toUpperCase()),
    };
  }

  #group(): PatternNode | undefined {
    const before = this.#flags;
    if (this.#take('?')) {
      if (this.#take('P')) this.#name();
      else if (this.#peek() === '<') this.#name();
      else if (!this.#flagsBeforeGroup()) return undefined;
    }
    const node = this.#choice();
    if (!this.#take(')')) throw this.#bad('missing )');
    this.#flags = before;
    return node;
  }

  #name(): void {
    if (!this.#take('<') || this.#peek() === '=' || this.#peek() === '!') throw this.#bad('invalid group');
    while (!this.#take('>')) if (!isWordChar(this.#next())) throw this.#bad('invalid group name');
  }

  /** Reads the flags after `(?`, and whether a group follows them; without one they hold for the rest. */
  #flagsBeforeGroup(): boolean {
    let on = true;
    const flags = { ...this.#flags };
    for (let char = this.#next(); ; char = this.#next()) {
      if (char === ':' || char === ')') {
        this.#flags = flags;
        return char === ':';
      }
      if (char === '-') on = false;
      else if (char === 'i') flags.ignoreCase = on;
      else if (char === 's') flags.dotAll = on;
      else if (char === 'm') flags.multiline = on;
      else if (char !== 'U') throw this.#bad('invalid group');
    }
  }

  #repeated(node: PatternNode): PatternNode {
    let result = node;
    for (let range = this.#range(); range; range = this.#range()) {
      result = { kind: 'repeat', of: result, ...range };
      // Whether as few as possible are taken makes no difference to whether there is a match.
      this.#take('?');
    }
    return result;
  }

  #range(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return undefined;
    const [whole, low, comma, high] =
      /^\{(\d+)(,?)(\d*)\}/.exec(this.#chars.slice(this.#at, this.#at + 24).join('')) ?? [];
    if (whole === undefined) return undefined;
    this.#at += whole.length;
    const min = Number(low);
    const max = comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high);
    if (min > MAX_REPEAT || (Number.isFinite(max) && max > MAX_REPEAT) || max < min) {
      throw this.#bad(`invalid repeat count ${whole}`);
    }
    return { min, max };
  }

  #escape(): PatternNode {
    const char = this.#next();
    switch (char) {
      case 'A':
        return { kind: 'assert', what: 'start' };
      case 'z':
        return { kind: 'assert', what: 'end' };
      case 'b':
        return { kind: 'assert', what: 'word' };
      case 'B':
        return { kind: 'assert', what: 'noWord' };
      case 'Q':
        return this.#quoted();
      default:
        return this.#char(this.#classOf(char) ?? equals(this.#escaped(char)));
    }
  }

  #quoted(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#chars.length && !(this.#peek() === '\\' && this.#chars[this.#at + 1] === 'E')) {
      parts.push(this.#char(equals(this.#next())));
    }
    this.#at = Math.min(this.#chars.length, this.#at + 2);
    return { kind: 'sequence', of: parts };
  }

  /** The class that an escape stands for, if it stands for one. */
  #classOf(char: string): CharTest | undefined {
    const known = CLASSES[char.toLowerCase()];
    if (known && char === char.toLowerCase()) return known;
    if (known) return (other) => !known(other);
    if (char !== 'p' && char !== 'P') return undefined;
    const name = this.#take('{') ? this.#until('}') : this.#next();
    const test = this.#property(name);
    return char === 'p' ? test : (other) => !test(other);
  }

  #property(name: string): CharTest {
    for (const property of [name, `Script=${name}`]) {
      if (!/^[\w=]+$/.test(property)) continue;
      try {
        const test = new RegExp(`^\\p{${property}}$`, 'u');
        return (char) => test.test(char);
      } catch {
        // Tried as the name of a script next.
      }
    }
    throw this.#bad(`unknown character class ${name}`);
  }

  #escaped(char: string): string {
    if (char === 'x') {
      const digits = this.#take('{') ? this.#until('}') : this.#next() + this.#next();
      const code = /^[0-9A-Fa-f]{1,6}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
      if (!(code <= 0x10ffff)) throw this.#bad('invalid escape \\x');
      return String.fromCodePoint(code);
    }
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (/^[0-9A-Za-z]$/.test(char)) throw this.#bad(`invalid escape \\${char}`);
    return char;
  }

  #set(): CharTest {
    const negated = this.#take('^');
    const tests: CharTest[] = [];
    do {
      tests.push(this.#setItem());
    } while (!this.#take(']'));
    return (char) => tests.some((test) => test(char)) !== negated;
  }

  #setItem(): CharTest {
    const char = this.#next();
    if (char === '[' && this.#take(':')) return this.#posix();
    if (char === '\\') {
      const escaped = this.#next();
      return this.#classOf(escaped) ?? this.#rangeFrom(this.#escaped(escaped));
    }
    return this.#rangeFrom(char);
  }

  #rangeFrom(low: string): CharTest {
    if (this.#peek() !== '-' || this.#chars[this.#at + 1] === ']') return equals(low);
    this.#at++;
    const next = this.#next();
    const high = next === '\\' ? this.#escaped(this.#next()) : next;
    const [from, to] = [codeOf(low), codeOf(high)];
    if (to < from) throw this.#bad(`invalid range ${low}-${high}`);
    return (char) => codeOf(char) >= from && codeOf(char) <= to;
  }

  #posix(): CharTest {
    const negated = this.#take('^');
    const test = POSIX[this.#until(':')];
    if (!test || !this.#take(']')) throw this.#bad('unknown character class');
    return (char) => test.test(char) !== negated;
  }

  #until(end: string): string {
    let text = '';
    for (let char = this.#next(); char !== end; char = this.#next()) text += char;
    return text;
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #next(): string {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw this.#bad('unexpected end');
    return char;
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #bad(problem: string): SyntaxError {
    return new SyntaxError(`Invalid regular expression "${this.#pattern}": ${problem}`);
  }
}

function equals(expected: string): CharTest {
  return (char) => char === expected;
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? -1;
}
