const UNITS = ['KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes for people: `0 B`, `1.2 KB`, `3.4 MB`. A KB is 1024 bytes, as in DynamoDB's limits and capacity units. */
export function formatSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return '-';
  if (Math.abs(bytes) < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  // 1023.95 would be written as 1024.0.
  while (Math.abs(value) >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
