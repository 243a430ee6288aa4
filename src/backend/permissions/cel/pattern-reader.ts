/** Reads a regular expression character by character. No part of it is scanned repeatedly, however long it is. */
export class PatternReader {
  readonly pattern: string;
  #at = 0;
  /** Delimiters that do not occur in the rest. */
  readonly #absent = new Set<string>();

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get at(): number {
    return this.#at;
  }

  /** Goes back to an earlier position. */
  rewind(at: number): void {
    this.#at = at;
  }

  /** The next character, which may take two code units; undefined at the end. */
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

  /** Skips `text` if it comes next. */
  take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Skips what a sticky `pattern` matches here, and returns the match. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.pattern) ?? undefined;
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  /** The text up to the next `end`, which is skipped too; undefined, reading nothing, if there is none. */
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

  /** The text read since a position. */
  since(at: number): string {
    return this.pattern.slice(at, this.#at);
  }
}

/** The error for an invalid pattern, in RE2's wording; `part` is the offending part. */
export function patternError(problem: string, part?: string): PatternError {
  return new PatternError(`error parsing regexp: ${problem}${part === undefined ? '' : `: \`${part}\``}`);
}

/** A regular expression is invalid. */
export class PatternError extends SyntaxError {
  override readonly name = 'PatternError';
  /** The evaluator's code for the failure. */
  readonly code = 'invalid_regular_expression';
}
