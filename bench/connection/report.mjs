import { aligned } from '../report.mjs';

/** @param {{ what: string, value: string, aim: string, holds: boolean }[]} figures */
export function table(figures) {
  const lines = figures.map(({ what, value, aim, holds }) => [what, value, aim, holds ? '' : 'missed']);
  return aligned([['', 'measured', 'aim', ''], ...lines]);
}
