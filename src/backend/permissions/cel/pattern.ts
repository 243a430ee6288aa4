import { isWordChar } from './char-classes.ts';
import { patternError } from './pattern-reader.ts';
import { type PatternNode, parsePattern } from './pattern-syntax.ts';

type Assertion = Extract<PatternNode, { kind: 'assert' }>['what'];

type Instruction =
  | { readonly do: 'char'; readonly accepts: (char: string) => boolean }
  | { readonly do: 'assert'; readonly what: Assertion }
  | { readonly do: 'fork'; to: number[] }
  | { readonly do: 'match' };

/** A regular expression that takes linear time in the length of the text. */
export interface LinearPattern {
  /** The maximum work per character. */
  readonly size: number;
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
}

const MAX_LENGTH = 20_000;
const MAX_SIZE = 5_000;
const MAX_KEPT = 500;
const kept = new Map<string, LinearPattern>();

/** Compiles a regular expression in RE2's syntax. Throws a `SyntaxError` when it is invalid. */
export function linearPattern(source: string): LinearPattern {
  const known = kept.get(source);
  if (known) return known;
  if (kept.size >= MAX_KEPT) kept.clear();
  const made = compile(source);
  kept.set(source, made);
  return made;
}

function compile(source: string): LinearPattern {
  if (source.length > MAX_LENGTH) throw patternError('expression too large');
  const program: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    if (program.length >= MAX_SIZE) throw patternError('expression too large');
    return program.push(instruction) - 1;
  };
  emitNode(parsePattern(source), program, emit);
  emit({ do: 'match' });
  return { size: program.length, test: (text) => search(program, [...text]) };
}

/** Emits instructions that continue with the next one after a match. */
function emitNode(node: PatternNode, program: Instruction[], emit: (each: Instruction) => number): void {
  switch (node.kind) {
    case 'char':
      emit({ do: 'char', accepts: node.accepts });
      return;
    case 'assert':
      emit({ do: 'assert', what: node.what });
      return;
    case 'sequence':
      for (const part of node.of) emitNode(part, program, emit);
      return;
    case 'choice':
      emitChoice(node.of, program, emit);
      return;
    case 'repeat':
      emitRepeat(node, program, emit);
  }
}

function emitChoice(
  ways: readonly PatternNode[],
  program: Instruction[],
  emit: (each: Instruction) => number,
): void {
  const start: Instruction = { do: 'fork', to: [] };
  emit(start);
  const ends = ways.map((way) => {
    start.to.push(program.length);
    emitNode(way, program, emit);
    const end: Instruction = { do: 'fork', to: [] };
    emit(end);
    return end;
  });
  for (const end of ends) end.to.push(program.length);
}

function emitRepeat(
  { of, min, max }: Extract<PatternNode, { kind: 'repeat' }>,
  program: Instruction[],
  emit: (each: Instruction) => number,
): void {
  for (let i = 0; i < min; i++) emitNode(of, program, emit);
  const exits: Extract<Instruction, { do: 'fork' }>[] = [];
  const optional = max === Number.POSITIVE_INFINITY ? 1 : max - min;
  for (let i = 0; i < optional; i++) {
    const fork: Instruction = { do: 'fork', to: [program.length + 1] };
    const at = emit(fork);
    exits.push(fork);
    emitNode(of, program, emit);
    if (max === Number.POSITIVE_INFINITY) emit({ do: 'fork', to: [at] });
  }
  for (const exit of exits) exit.to.push(program.length);
}

/** Follows all alternatives at once, character by character. */
function search(program: readonly Instruction[], text: readonly string[]): boolean {
  let here = new Set<number>();
  for (let at = 0; at <= text.length; at++) {
    // A match may start anywhere.
    if (reach(program, 0, text, at, here)) return true;
    const char = text[at];
    if (char === undefined) return false;
    const next = new Set<number>();
    for (const place of here) {
      const instruction = program[place];
      if (instruction?.do !== 'char' || !instruction.accepts(char)) continue;
      if (reach(program, place + 1, text, at + 1, next)) return true;
    }
    here = next;
  }
  return false;
}

/**
 * Adds every position reachable without consuming a character; returns whether that includes the end of the program.
 */
function reach(
  program: readonly Instruction[],
  from: number,
  text: readonly string[],
  at: number,
  places: Set<number>,
): boolean {
  const open = [from];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (places.has(place)) continue;
    places.add(place);
    const instruction = program[place];
    if (instruction?.do === 'match') return true;
    if (instruction?.do === 'fork') open.push(...instruction.to);
    if (instruction?.do === 'assert' && holds(instruction.what, text, at)) open.push(place + 1);
  }
  return false;
}

function holds(what: Assertion, text: readonly string[], at: number): boolean {
  switch (what) {
    case 'start':
      return at === 0;
    case 'end':
      return at === text.length;
    case 'lineStart':
      return at === 0 || text[at - 1] === '\n';
    case 'lineEnd':
      return at === text.length || text[at] === '\n';
    default:
      return (isWordAt(text, at - 1) !== isWordAt(text, at)) === (what === 'word');
  }
}

function isWordAt(text: readonly string[], at: number): boolean {
  const char = text[at];
  return char !== undefined && isWordChar(char);
}
