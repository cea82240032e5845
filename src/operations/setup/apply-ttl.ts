import { describeTtl } from '../../dynamodb/describe.js';
import { setTtl } from '../../dynamodb/tables.js';
import { pause } from '../../dynamodb/wait.js';
import type { CliError } from '../../errors.js';
import type { OperationContext } from '../context.js';
import { patiently, unfinished } from '../waits.js';

const STEP = 'changing TTL';

/** AWS takes up to an hour, and refuses a second change within it. */
const WINDOW_MS = 75 * 60_000;
const MAX_DELAY_MS = 30_000;
const FIRST_LOOK_MS = 50;

/**
 * "Modified multiple times within a fixed interval" comes for up to an hour after a change, although the state reads
 * ENABLED or DISABLED; "backups are being enabled" for some seconds after a table's creation or a change of recovery.
 */
const passes = ({ message }: CliError): boolean =>
  /multiple times within a fixed interval|backups are being enabled/i.test(message);

/**
 * Brings TTL to an attribute, or turns it off, from whatever state it is in: the attribute is changed by turning TTL
 * off, waiting, and turning it on again. What is there already is not asked for again.
 */
export async function applyTtl(
  context: OperationContext,
  name: string,
  to: string | false,
  wait: boolean,
): Promise<void> {
  const { dynamo, signal, onProgress } = context;
  const change = (attribute: string, on: boolean): Promise<void> =>
    patiently(context, () => setTtl(dynamo, name, attribute, on), {
      table: name,
      step: STEP,
      why: 'AWS allows one change an hour, trying again; Ctrl-C and a later run are as good',
      passes,
      wait,
      limitMs: WINDOW_MS,
      maxDelayMs: MAX_DELAY_MS,
    });
  const started = performance.now();
  let delay = FIRST_LOOK_MS;
  let asked = false;
  onProgress({ step: STEP, table: name });
  for (;;) {
    const { status, attribute } = await describeTtl(dynamo, name);
    const isOn = status === 'ENABLED' || status === 'ENABLING';
    if (to === false ? !isOn : isOn && attribute === to) return;
    if (status === 'DISABLED' && to !== false) return change(to, true);
    // After the call to turn it off, the description may lag: the call is not made twice.
    if (status === 'ENABLED' && attribute !== null && !asked) {
      asked = true;
      await change(attribute, false);
      if (to === false) return;
    }
    if (!wait) throw unfinished(`TTL is ${asked ? 'being turned off' : status}; it can be changed after that`);
    const seconds = Math.round((performance.now() - started) / 1000);
    onProgress({
      step: STEP,
      table: name,
      detail: `${asked ? 'turning it off' : status}, ${seconds} s; may take an hour`,
    });
    await pause(delay, signal);
    delay = Math.min(MAX_DELAY_MS, delay * 1.5);
  }
}
