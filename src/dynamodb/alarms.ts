import { CloudWatchClient, DescribeAlarmsCommand, type MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { answerOf } from './call.js';
import { type Dynamo, ENDPOINT_AS_GIVEN } from './client.js';
import { BriefRetries } from './retries.js';

/** An alarm of CloudWatch, as far as it has to do with tables. */
export interface Alarm {
  readonly name: string;
  /** The tables whose metrics it watches; those of a composite alarm are its parts'. */
  readonly tables: readonly string[];
  /** What a composite alarm makes of others; null for one of metrics. */
  readonly rule: string | null;
}

const NAMESPACE = 'AWS/DynamoDB';

/** AWS gives no more at once. */
const MOST_ALARMS = 100;

function tablesOf({ Namespace, Dimensions, Metrics = [] }: MetricAlarm): readonly string[] {
  // An alarm on metric math has its metrics one level down.
  const metrics = [{ Namespace, Dimensions }, ...Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])];
  return metrics
    .filter((metric) => metric.Namespace === NAMESPACE)
    .flatMap((metric) => metric.Dimensions ?? [])
    .flatMap(({ Name, Value }) => (Name === 'TableName' && Value !== undefined ? [Value] : []));
}

/**
 * All alarms of the region that watch tables, and all composite ones: CloudWatch's DescribeAlarms, paged. null where the
 * connection leads to no CloudWatch.
 */
export async function listAlarms(dynamo: Dynamo): Promise<readonly Alarm[] | null> {
  const { sdk, region, cloudWatch, signal } = dynamo;
  if (!(sdk instanceof DynamoDBClient)) throw new TypeError('the connection was not made by connect()');
  if (cloudWatch === null) return null;
  const { endpoint } = cloudWatch;
  const { credentials, requestHandler, profile } = sdk.config;
  // It is never destroyed by itself: its sockets are the connection's.
  const client = new CloudWatchClient({
    region,
    credentials,
    requestHandler,
    retryStrategy: new BriefRetries(signal),
    ...(profile !== undefined && { profile }),
    ...(endpoint !== null && { endpoint, ...AS_GIVEN }),
  });
  const alarms: Alarm[] = [];
  let token: string | undefined;
  do {
    const from = token;
    const page = await answerOf(dynamo, { operation: 'DescribeAlarms', table: null, region, endpoint }, () =>
      client.send(
        new DescribeAlarmsCommand({
          // Unless they are asked for, composite ones are left out.
          AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
          MaxRecords: MOST_ALARMS,
          ...(from && { NextToken: from }),
        }),
      ),
    );
    for (const alarm of page.MetricAlarms ?? []) {
      const tables = tablesOf(alarm);
      if (tables.length > 0) alarms.push({ name: alarm.AlarmName ?? '', tables, rule: null });
    }
    for (const { AlarmName: name = '', AlarmRule: rule = '' } of page.CompositeAlarms ?? [])
      alarms.push({ name, tables: [], rule });
    token = page.NextToken;
  } while (token);
  return alarms;
}

const { accountIdEndpointMode: _account, endpointDiscoveryEnabled: _discovery, ...AS_GIVEN } = ENDPOINT_AS_GIVEN;
