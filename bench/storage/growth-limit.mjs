/** How much more a write may take when the most wait than when fewer do. */
export const GROWTH_LIMIT = 1.5;
