/** A count as English writes it: `1,200`. (Loading the languages that toLocaleString needs takes 10 ms.) */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** How many of what: `1 session`, `1,200 sessions`. `text` writes the number otherwise, where it may have decimals. */
export const counted = (count: number, noun: string, text: (count: number) => string = formatCount): string =>
  `${text(count)} ${noun}${count === 1 ? '' : 's'}`;
