/** The namespace that is written to and queried, and how many rows it holds. */
export const NAMESPACE = 'counters';
export const ROWS = 20;
