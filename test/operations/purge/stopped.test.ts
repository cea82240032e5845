import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { purge } from '../../../src/operations/purge/purge.js';
import { planOrphans, purgeOrphans } from '../../../src/operations/purge/orphans.js';
import { readSummary } from '../../../src/operations/purge/files.js';
import { planPurge } from '../../../src/operations/purge/plan.js';
import { awsFaults } from '../../support/aws-double.js';
import { runCli, tempFolder } from '../../support/cli.js';
import { useEngine } from '../../support/engine.js';
import { closeAll, contextFor, startDouble } from '../harness.js';
import { itemsOf, planAndPurge, REQUEST, stage } from './harness.js';

closeAll();
const engine = useEngine();

/** One call at a time: what fails after so many calls is then always the same. */
const SLOWLY = { ...REQUEST, concurrency: 1 };

describe('a plan that is damaged', () => {
  it('is not gone on with, and says what to do', async () => {
    const here = await stage(engine.endpoint, { count: 60, events: 0, expired: 1 });
    const summary = await planPurge(here.context, here.target, SLOWLY, here.files);
    writeFileSync(here.files.plan, readFileSync(here.files.plan, 'utf8').slice(0, -40));
    const result = await purge(here.context, here.target, SLOWLY, summary, here.files, 'statements');
    expect(result).toMatchObject({ complete: false, failures: [{ code: 'FILE_ERROR' }] });
    expect(result.failures[0]?.message).toContain(here.files.plan);
    expect((await itemsOf(engine.raw, here.sessions)).length).toBe(60 - result.deleted);
  });
});

describe('a purge that an error ends', () => {
  it('among the sessions: says what was done, and the next run does the rest', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 100, events: 2, expired: 1 });
    const undo = double.inject({ operation: 'BatchExecuteStatement', after: 2, error: awsFaults.expiredToken });
    const summary = await planPurge(context(), here.target, SLOWLY, here.files);
    const first = await purge(context(), here.target, SLOWLY, summary, here.files, 'statements');
    expect(first).toMatchObject({
      matched: 100,
      deleted: 50,
      failed: 50,
      failures: [{ code: 'CREDENTIALS_EXPIRED', count: 50 }],
      interrupted: false,
      complete: false,
    });
    undo();
    const second = await purge(context(), here.target, SLOWLY, summary, here.files, 'statements');
    expect(second).toMatchObject({ deleted: 100, failed: 0, failures: [], events: { deleted: 200 }, complete: true });
    expect(await itemsOf(engine.raw, here.sessions)).toEqual([]);
    expect(await itemsOf(engine.raw, here.events)).toEqual([]);
    expect(existsSync(here.files.done)).toBe(false);
  });

  it.each([
    ['found session by session', 0.05, 'Query'],
    ['found in a pass over all', 0.9, 'Scan'],
    ['found, and not deleted', 0.05, 'BatchWriteItem'],
  ])('among the events, %s', async (_how, expired, operation) => {
    const { double, context } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 1000, events: 1, expired });
    const count = Math.round(1000 * expired);
    const summary = await planPurge(context(), here.target, SLOWLY, here.files);
    const undo = double.inject({
      operation,
      table: here.events,
      after: 1,
      error: awsFaults.accessDenied(operation, here.events),
    });
    const first = await purge(context(), here.target, SLOWLY, summary, here.files, 'statements');
    expect(first).toMatchObject({ interrupted: false, complete: false, failures: [{ code: 'ACCESS_DENIED' }] });
    // Nothing that is gone is left out of the counts.
    expect(1000 - (await itemsOf(engine.raw, here.sessions)).length).toBe(first.deleted);
    expect(1000 - (await itemsOf(engine.raw, here.events)).length).toBe(first.events.deleted);
    expect(first.deleted + first.failed).toBe(count);
    expect(first.events.failed > 0).toBe(operation === 'BatchWriteItem');
    undo();
    const second = await purge(context(), here.target, SLOWLY, summary, here.files, 'statements');
    expect(second).toMatchObject({ deleted: count, failed: 0, events: { deleted: count, failed: 0 }, complete: true });
    expect(await itemsOf(engine.raw, here.events)).toHaveLength(1000 - count);
  });

  it('while the table is read: leaves no file', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 20, events: 0, expired: 1 });
    double.inject({ operation: 'Scan', error: awsFaults.expiredToken });
    const planned = planPurge(context(), here.target, SLOWLY, here.files);
    await expect(planned).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED' });
    expect(existsSync(here.files.plan)).toBe(false);
  });

  it('adds capacity and seconds up over the runs, as all counts', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 100, events: 0, expired: 1 });
    const request = { ...SLOWLY, keepEvents: true };
    const undo = double.inject({ operation: 'BatchExecuteStatement', after: 2, error: awsFaults.expiredToken });
    const summary = await planPurge(context(), here.target, request, here.files);
    const first = await purge(context(), here.target, request, summary, here.files, 'statements');
    undo();
    const second = await purge(context(), here.target, request, summary, here.files, 'statements');
    // A session is in two indexes: three units each.
    expect([first.capacity.writeUnits, second.capacity.writeUnits]).toEqual([150, 300]);
    expect(second.seconds).toBeGreaterThan(first.seconds);
  });

  it('of which another release or a spoilt disk has left the plan is not gone on with', async () => {
    const here = await stage(engine.endpoint, { count: 5, events: 0, expired: 1 });
    await planPurge(here.context, here.target, SLOWLY, here.files);
    const text = readFileSync(here.files.summary, 'utf8');
    expect(readSummary(here.files)).toMatchObject({ matched: 5 });
    for (const other of [text.replace('"version":2', '"version":1'), text.slice(1), '\0\0']) {
      writeFileSync(here.files.summary, other);
      expect(() => readSummary(here.files)).toThrow(expect.objectContaining({ code: 'FILE_ERROR' }));
    }
  });

  it('of orphans: the same', async () => {
    const { double, context } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 40, events: 3, expired: 1 });
    await planAndPurge(here, { keepEvents: true });
    const summary = await planOrphans(context(), here.target, SLOWLY, here.files);
    const undo = double.inject({ operation: 'BatchWriteItem', after: 2, error: awsFaults.expiredToken });
    let writeUnits = 0;
    const counted = contextFor(double.endpoint, { onCall: (call) => void (writeUnits += call.writeUnits) });
    const first = await purgeOrphans(counted, SLOWLY, summary, here.files);
    expect(first).toMatchObject({
      deleted: 50,
      failed: 70,
      failures: [{ code: 'CREDENTIALS_EXPIRED', count: 70 }],
      interrupted: false,
      complete: false,
    });
    undo();
    const second = await purgeOrphans(counted, SLOWLY, summary, here.files);
    expect(second).toMatchObject({ deleted: 120, failed: 0, writeUnits, complete: true });
  });

  it('ends the command with 5 and the way on, which finishes it; without it the plan is not forgotten', async () => {
    const { double } = await startDouble(engine.endpoint);
    const here = await stage(double.endpoint, { count: 40, events: 1, expired: 1 });
    const undo = double.inject({
      operation: '*',
      table: here.events,
      when: (body) => 'RequestItems' in body,
      error: awsFaults.expiredToken,
    });
    const cwd = tempFolder();
    const argv = ['purge', '--expired', '--yes', '--json', '--layout', 'mcp', '--delete-with', 'statements'];
    const at = ['--sessions-table', here.sessions, '--events-table', here.events, '--endpoint-url', double.endpoint];
    const failed = await runCli([...argv, ...at], { cwd });
    expect({ code: failed.code, stderr: failed.stderr }).toEqual({ code: 5, stderr: '' });
    const said = JSON.parse(failed.stdout);
    expect(said).toMatchObject({ matched: 40, deleted: 40, failures: [{ code: 'CREDENTIALS_EXPIRED' }] });
    expect(said.resume.command).toBe(`mcp-sessions ${[...argv, ...at].join(' ')} --resume`);
    undo();
    const again = await runCli([...argv, ...at], { cwd });
    expect([again.code, JSON.parse(again.stderr).error.code]).toEqual([1, 'PURGE_UNFINISHED']);
    const resumed = await runCli([...argv, ...at, '--resume'], { cwd });
    expect({ code: resumed.code, ...JSON.parse(resumed.stdout) }).toMatchObject({
      code: 0,
      deleted: 40,
      events: { deleted: 40, failed: 0 },
      resume: null,
    });
    expect(await itemsOf(engine.raw, here.events)).toEqual([]);
  });
});
