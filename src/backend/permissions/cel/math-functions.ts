import type { Environment } from '@marcbachmann/cel-js';

/** The value of `math`. */
class MathNamespace {}

type Num = bigint | number;

/** How many values `math.greatest` and `math.least` take, if not a list. */
const MAX_VALUES = 8;

/** CEL's math extension. */
export function addMathFunctions(environment: Environment): void {
  environment.registerType('MathNamespace', MathNamespace);
  environment.registerConstant('math', 'MathNamespace', new MathNamespace());
  const add = (signature: string, handler: (math: MathNamespace, ...args: never[]) => unknown): void => {
    environment.registerFunction(`MathNamespace.${signature}`, handler, { async: false });
  };
  for (const [name, isBetter] of [
    ['greatest', (a: Num, b: Num) => a > b],
    ['least', (a: Num, b: Num) => a < b],
  ] as const) {
    const pick = (_: MathNamespace, ...values: unknown[]): Num => {
      const [first] = values;
      return best(name, Array.isArray(first) && values.length === 1 ? first : values, isBetter);
    };
    for (let count = 1; count <= MAX_VALUES; count++) {
      add(`${name}(${Array.from({ length: count }, () => 'dyn').join(', ')}): dyn`, pick);
    }
  }
  add('abs(int): int', (_, value: bigint) => (value < 0n ? -value : value));
  add('abs(double): double', (_, value: number) => Math.abs(value));
  add('sign(int): int', (_, value: bigint) => (value > 0n ? 1n : value < 0n ? -1n : 0n));
  add('sign(double): double', (_, value: number) => Math.sign(value));
  add('sqrt(int): double', (_, value: bigint) => Math.sqrt(Number(value)));
  add('sqrt(double): double', (_, value: number) => Math.sqrt(value));
  add('ceil(double): double', (_, value: number) => Math.ceil(value));
  add('floor(double): double', (_, value: number) => Math.floor(value));
  add('round(double): double', (_, value: number) => Math.sign(value) * Math.round(Math.abs(value)));
  add('trunc(double): double', (_, value: number) => Math.trunc(value));
  add('isNaN(double): bool', (_, value: number) => Number.isNaN(value));
  add('isInf(double): bool', (_, value: number) => Math.abs(value) === Number.POSITIVE_INFINITY);
  add('isFinite(double): bool', (_, value: number) => Number.isFinite(value));
  add('bitAnd(int, int): int', (_, a: bigint, b: bigint) => a & b);
  add('bitOr(int, int): int', (_, a: bigint, b: bigint) => a | b);
  add('bitXor(int, int): int', (_, a: bigint, b: bigint) => a ^ b);
  add('bitNot(int): int', (_, value: bigint) => ~value);
  add('bitShiftLeft(int, int): int', (_, value: bigint, by: bigint) => BigInt.asIntN(64, value << shift(by)));
  add('bitShiftRight(int, int): int', (_, value: bigint, by: bigint) =>
    BigInt.asIntN(64, BigInt.asUintN(64, value) >> shift(by)),
  );
}

function best(name: string, values: readonly unknown[], isBetter: (a: Num, b: Num) => boolean): Num {
  const numbers = values.map((value): Num => {
    if (typeof value === 'bigint' || typeof value === 'number') return value;
    throw new TypeError(`math.${name}(): arguments must be numbers`);
  });
  const [first, ...rest] = numbers;
  if (first === undefined) throw new TypeError(`math.${name}(): there is no argument`);
  return rest.reduce((chosen, value) => (isBetter(value, chosen) ? value : chosen), first);
}

function shift(by: bigint): bigint {
  if (by < 0n) throw new RangeError('A shift must not be negative');
  return by > 64n ? 64n : by;
}
