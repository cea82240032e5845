/** An estimate in US dollars for people: `about $1.20`, `less than 1 cent`. */
export const formatDollars = (dollars: number): string =>
  dollars < 0.01 ? 'less than 1 cent' : `about $${dollars.toFixed(2)}`;
