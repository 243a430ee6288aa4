import type { Place } from './log-line.ts';

/** Groups places, sorted by offset, into runs that can be read at once. */
export function* adjacentPlaces<P extends Place>(
  places: readonly P[],
  limits: { readonly most: number; readonly gap?: number },
): Generator<[P, ...P[]]> {
  const { most, gap = most } = limits;
  let run: [P, ...P[]] | undefined;
  let end = 0;
  for (const place of places) {
    const isNear = run && place.offset - end <= gap && place.offset + place.length - run[0].offset <= most;
    if (run && isNear) run.push(place);
    else {
      if (run) yield run;
      run = [place];
    }
    end = place.offset + place.length;
  }
  if (run) yield run;
}
