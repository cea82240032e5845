/** What a long operation reports while it works; the terminal decides whether that is a bar, a line or nothing. */
export interface Progress {
  /** What is being done: "creating the table", "scanning". */
  readonly step: string;
  readonly table?: string;
  readonly done?: number;
  /** Estimated or exact; left out when unknown. */
  readonly total?: number;
  /** What `done` and `total` count: "items", "indexes". */
  readonly unit?: string;
  readonly detail?: string;
}
