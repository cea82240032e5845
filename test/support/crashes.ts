/** Numbers from 0 to 1 that look random and are the same in every run. */
export function seededNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/**
 * How often a command is killed: as often as the test says, or as MCP_SESSIONS_TEST_ROUNDS does where the same test has
 * run in full already, on another Node.js.
 */
export const roundsOf = (usual: number): number => Number(process.env['MCP_SESSIONS_TEST_ROUNDS'] || usual);

/** A command that is quicker than its killer is no test of anything; in a few rounds that may be all of them. */
export const fewestKills = (rounds: number): number => (rounds < 20 ? 0 : 6);
