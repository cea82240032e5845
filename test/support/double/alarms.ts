import { invalid } from './errors.js';
import { type Json, numberIn, textIn, textsIn } from './json.js';
import type { Handler } from './state.js';

/** One alarm, as CloudWatch describes it: a composite one has a rule. */
const isComposite = (alarm: Json): boolean => textIn(alarm, 'AlarmRule') !== undefined;

/**
 * CloudWatch's DescribeAlarms, of which "only metric alarms are returned" unless AlarmTypes says otherwise. 50 at once
 * unless told, and 100 at the most.
 */
export const describeAlarms: Handler = async (double, body) => {
  const most = numberIn(body, 'MaxRecords') ?? 50;
  if (most < 1 || most > 100) throw invalid('MaxRecords must be between 1 and 100');
  const types = body['AlarmTypes'] === undefined ? ['MetricAlarm'] : textsIn(body, 'AlarmTypes');
  const all = double.alarms.filter((alarm) => types.includes(isComposite(alarm) ? 'CompositeAlarm' : 'MetricAlarm'));
  const start = Number(textIn(body, 'NextToken') ?? 0);
  const page = all.slice(start, start + most);
  return {
    MetricAlarms: page.filter((alarm) => !isComposite(alarm)),
    CompositeAlarms: page.filter(isComposite),
    ...(start + most < all.length && { NextToken: String(start + most) }),
  };
};
