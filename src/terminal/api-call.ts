/** One AWS call, as `--verbose` shows it. */
export interface ApiCall {
  /** The API's own name: `DescribeTable`. */
  readonly operation: string;
  readonly table?: string;
  /** Milliseconds from the request to the answer, retries included. */
  readonly ms: number;
  /** The HTTP status, or the error's name. */
  readonly status?: number | string;
  /** Read capacity units consumed, as the answer says. */
  readonly readUnits?: number;
  /** Write capacity units consumed, as the answer says. */
  readonly writeUnits?: number;
  /** Attempts after the first. */
  readonly retries?: number;
}

/** `aws: Scan mcp-sessions 200 12 ms, 128.5 RCU, 2 retries`. */
export function callText(call: ApiCall): string {
  const what = ['aws:', call.operation, call.table, call.status, `${Math.round(call.ms)} ms`];
  const costs = [
    units(call.readUnits, 'RCU'),
    units(call.writeUnits, 'WCU'),
    call.retries === undefined || call.retries === 0
      ? undefined
      : `${call.retries} ${call.retries === 1 ? 'retry' : 'retries'}`,
  ];
  return [what.filter((part) => part !== undefined).join(' '), ...costs.filter((part) => part !== undefined)].join(
    ', ',
  );
}

function units(count: number | undefined, name: string): string | undefined {
  return count === undefined || count === 0 ? undefined : `${Number(count.toFixed(1))} ${name}`;
}
