const TIME = 'google.protobuf.Timestamp';
const SPAN = 'google.protobuf.Duration';

const NUMBERS = ['(int, int)', '(uint, uint)', '(double, double)'];
const ORDERED = [
  '(bool, bool)',
  ...NUMBERS,
  '(string, string)',
  '(bytes, bytes)',
  `(${TIME}, ${TIME})`,
  `(${SPAN}, ${SPAN})`,
];
const EQUAL = ['(%A0, %A0)'];
const LOGICAL = ['(bool, bool)'];

/**
 * The operand types of operators and functions, in the order and wording of the compiler on Instant's server; `%A0` is
 * any type.
 */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  '!_': ['(bool)'],
  '-_': ['(int)', '(double)'],
  '_&&_': LOGICAL,
  '_||_': LOGICAL,
  '_==_': EQUAL,
  '_!=_': EQUAL,
  '_<_': ORDERED,
  '_<=_': ORDERED,
  '_>_': ORDERED,
  '_>=_': ORDERED,
  '_+_': [
    ...NUMBERS,
    '(string, string)',
    '(bytes, bytes)',
    '(list(%A0), list(%A0))',
    `(${TIME}, ${SPAN})`,
    `(${SPAN}, ${TIME})`,
    `(${SPAN}, ${SPAN})`,
  ],
  '_-_': [...NUMBERS, `(${TIME}, ${TIME})`, `(${TIME}, ${SPAN})`, `(${SPAN}, ${SPAN})`],
  '_*_': NUMBERS,
  '_/_': NUMBERS,
  '_%_': ['(int, int)', '(uint, uint)'],
  '@in': ['(%A0, list(%A0))', '(%A1, map(%A1, %B2))'],
  ref: ['map(string, dyn).(string)'],
  contains: ['string.(string)'],
  startsWith: ['string.(string)'],
  endsWith: ['string.(string)'],
  size: ['(string)', '(bytes)', '(list(%A0))', '(map(%A1, %B2))'],
  timestamp: ['(string)', '(int)', `(${TIME})`],
  duration: [`(${SPAN})`, '(string)'],
};

/**
 * The signatures of an operator or function, as the end of the message about a wrong call; empty for those not listed
 * here.
 */
export function signaturesOf(name: string): string {
  const candidates = Object.hasOwn(TAKEN, name) ? TAKEN[name] : undefined;
  return candidates ? ` (candidates: ${candidates.join(',')})` : '';
}
