/** What `list` knows of a session: its columns, and the keys of its records. */
export const FIELDS = ['id', 'state', 'lastActivityAt', 'createdAt', 'expiresAt', 'sizeBytes', 'problems'] as const;
export type Field = (typeof FIELDS)[number];
