import { describe, expect, it } from 'vitest';
import { planText, resultView } from '../../src/commands/purge-view.js';
import { PRICES } from '../../src/operations/capacity.js';
import type { PurgeResult } from '../../src/operations/purge/purge.js';
import type { PurgeSummary } from '../../src/operations/purge/plan.js';
import { Page } from '../../src/output/page.js';
import type { DecodedSession } from '../../src/schema/decode.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const page = new Page({ width: undefined, color: false, unicode: true, now: new Date(NOW) });

const session: DecodedSession = {
  id: 'a',
  state: 'active',
  createdAt: NOW - 1000,
  lastActivityAt: null,
  expiresAt: null,
  sizeBytes: 10,
  problems: [],
};

const summary = (more: Partial<PurgeSummary>): PurgeSummary => ({
  table: 'sessions',
  eventsTable: null,
  layout: 'llm-duel',
  now: NOW,
  matched: 1,
  scanned: 1,
  readUnits: 1,
  sample: [session],
  idleByCreation: false,
  ttlRemoves: 0,
  writeUnits: 1,
  events: 0,
  eventsCounted: true,
  unknownIds: null,
  dollars: 0,
  prices: PRICES,
  ...more,
});

const result: PurgeResult = {
  matched: 1,
  deleted: 1,
  skippedLive: 0,
  failed: 0,
  failures: [],
  events: { deleted: 0, failed: 0 },
  capacity: { readUnits: 0, writeUnits: 1 },
  seconds: 1,
  interrupted: false,
  complete: true,
};

describe('the plan of a purge', () => {
  it('says what idle is counted from where it was asked for and no activity is recorded', () => {
    const text = 'the layout llm-duel records no activity, so idle is counted from creation';
    expect(planText(page, summary({ idleByCreation: true }))).toContain(text);
    expect(planText(page, summary({}))).not.toContain('counted from creation');
  });

  it('counts one unit as one', () => {
    expect(planText(page, summary({}))).toContain('1 read unit so far, about 1 write unit:');
    expect(planText(page, summary({ readUnits: 0.5, writeUnits: 2 }))).toContain(
      '0.5 read units so far, about 2 write units:',
    );
  });
});

describe('the result of a purge', () => {
  it('speaks of events only where there are any to delete', () => {
    expect(resultView(result, summary({}), null).human(page)).toContain('1 of 1 session deleted\n');
    expect(resultView(result, summary({ eventsTable: 'events' }), null).human(page)).toContain(
      'deleted, and 0 events\n',
    );
  });
});
