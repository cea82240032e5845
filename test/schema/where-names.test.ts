import { describe, expect, it } from 'vitest';
import { LAYOUTS, parseWhere } from '../../src/schema/index.js';
import { strangeNames } from '../../src/schema/where-names.js';

const of = (id: string, ...conditions: readonly string[]): readonly string[] => {
  const layout = LAYOUTS.find((each) => each.id === id);
  if (layout === undefined) throw new Error(`no layout ${id}`);
  return strangeNames(layout, { where: conditions.flatMap((text) => parseWhere(text) ?? []) });
};

describe('a condition on a name that sessions are shown under', () => {
  it('is told what the rows have in its place', () => {
    expect(of('mcp', 'expiresAt<1', 'lastActivityAt<30d', 'id=a')).toEqual([
      "--where looks at attributes, and rows of the layout mcp have no 'expiresAt': the rows have it as 'ttl'",
      "--where looks at attributes, and rows of the layout mcp have no 'lastActivityAt': the rows have it as 'last_activity' or 'lastActivity'",
      "--where looks at attributes, and rows of the layout mcp have no 'id': the rows have it as 'session_id'",
    ]);
    expect(of('mcp', 'sizeBytes>1')).toHaveLength(1);
  });

  it('is left alone where rows have such an attribute, or nobody is known to have it', () => {
    expect(of('mcp', 'state.userId=1', 'ttl<1', 'createdAt<30d', 'metadata.ip=1', 'colour=red')).toEqual([]);
    expect(of('turul', 'createdAt<30d')).toEqual([]);
  });
});
