export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** The word that the scripts ask for candidates with; no command, so that help does not show it. */
export const REQUEST = '__complete';
