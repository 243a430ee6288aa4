/** Reads a regular expression character by character. However long it is, no part of it is read over and over. */
export class PatternReader {
  readonly pattern: string;
  #at = 0;
  /** What does not come any more. */
  readonly #absent = new Set<string>();

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get at(): number {
    return this.#at;
  }

  /** Goes back to where {@link at} was. */
  rewind(at: number): void {
    this.#at = at;
  }

  /** The character that comes next, which may take two code units; undefined at the end. */
  peek(): string | undefined {
    const code = this.pattern.codePointAt(this.#at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }

  next(): string | undefined {
    const char = this.peek();
    this.#at += char?.length ?? 0;
    return char;
  }

  /** Whether `text` comes next. */
  sees(text: string): boolean {
    return this.pattern.startsWith(text, this.#at);
  }

  /** Goes on after `text`, if that comes next. */
  take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Goes on after what a sticky `pattern` matches here, and gives it with its groups. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.pattern) ?? undefined;
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  /** What comes before the next `end`, which is passed over too; undefined, and nothing is read, where there is none. */
  until(end: string): string | undefined {
    const to = this.#absent.has(end) ? -1 : this.pattern.indexOf(end, this.#at);
    if (to < 0) {
      this.#absent.add(end);
      return undefined;
    }
    const text = this.pattern.slice(this.#at, to);
    this.#at = to + end.length;
    return text;
  }

  /** Reads to the end. */
  takeRest(): string {
    const rest = this.pattern.slice(this.#at);
    this.#at = this.pattern.length;
    return rest;
  }

  /** What was read since a place. */
  since(at: number): string {
    return this.pattern.slice(at, this.#at);
  }
}

/** A pattern that cannot be used, in the words of RE2; `part` is what of it is to blame. */
export function patternError(problem: string, part?: string): PatternError {
  return new PatternError(`error parsing regexp: ${problem}${part === undefined ? '' : `: \`${part}\``}`);
}

/** A regular expression cannot be used. */
export class PatternError extends SyntaxError {
  override readonly name = 'PatternError';
  /** The kind of failure, as the evaluator calls it. */
  readonly code = 'invalid_regular_expression';
}
