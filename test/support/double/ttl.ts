import { inUse, invalid, outsideModel } from './errors.js';
import { type Json, objectIn, textIn } from './json.js';
import { replicaInCreation } from './replicas.js';
import { type DoubleContext, type Handler, isCreating, stateOf, type TableState } from './state.js';

type TimeToLive = NonNullable<TableState['ttl']>;

/** The setting of a table; the engine's for one that the double has not yet changed. */
async function current(double: DoubleContext, table: TableState): Promise<TimeToLive> {
  if (table.ttl !== undefined) return table.ttl;
  const answer = await double.engine('DescribeTimeToLive', { TableName: table.name });
  const description = objectIn(answer, 'TimeToLiveDescription') ?? {};
  return {
    enabled: textIn(description, 'TimeToLiveStatus') === 'ENABLED',
    attribute: textIn(description, 'AttributeName') ?? '',
    settledAt: 0,
    freeAt: 0,
  };
}

function statusOf(double: DoubleContext, ttl: TimeToLive): 'ENABLING' | 'ENABLED' | 'DISABLING' | 'DISABLED' {
  const settled = double.now() >= ttl.settledAt;
  if (ttl.enabled) return settled ? 'ENABLED' : 'ENABLING';
  return settled ? 'DISABLED' : 'DISABLING';
}

/** TimeToLiveDescription; the attribute is forgotten once TTL is DISABLED. */
export async function timeToLiveOf(double: DoubleContext, table: TableState): Promise<Json> {
  const ttl = await current(double, table);
  const status = statusOf(double, ttl);
  return { TimeToLiveStatus: status, ...(status !== 'DISABLED' && { AttributeName: ttl.attribute }) };
}

export const describeTimeToLive: Handler = async (double, body) => {
  const table = stateOf(double, textIn(body, 'TableName') ?? '');
  const state = table.deleting === undefined ? (isCreating(double, table) ? 'CREATING' : undefined) : 'DELETING';
  if (state !== undefined) {
    throw invalid(`Cannot describe time to live while table is in ${state} state: Current table state is ${state}`);
  }
  return { TimeToLiveDescription: await timeToLiveOf(double, table) };
};

/**
 * "It can take up to one hour for the change to fully process. Any additional UpdateTimeToLive calls for the same table
 * during this one hour duration result in a ValidationException." What is wrong in itself is said before that.
 */
export const updateTimeToLive: Handler = async (double, body) => {
  const table = stateOf(double, textIn(body, 'TableName') ?? '');
  if (table.deleting !== undefined) throw inUse(`Table is being deleted: ${table.name}`);
  if (isCreating(double, table)) throw inUse(`Table ${table.name} is being created`);
  const ttl = await current(double, table);
  const unsettled = [...table.replicas.values()].find(({ status }) => status === 'CREATING');
  if (unsettled !== undefined) throw replicaInCreation(table.name, unsettled.region);
  const specification = objectIn(body, 'TimeToLiveSpecification') ?? {};
  const enable = specification['Enabled'];
  const attribute = textIn(specification, 'AttributeName');
  if (typeof enable !== 'boolean' || attribute === undefined || attribute === '') {
    const member = typeof enable === 'boolean' ? 'attributeName' : 'enabled';
    throw outsideModel(undefined, `timeToLiveSpecification.${member}`, 'Member must not be null');
  }
  if (ttl.enabled && attribute !== ttl.attribute) {
    throw invalid(`TimeToLive is active on a different AttributeName: current AttributeName is ${ttl.attribute}`);
  }
  if (enable && ttl.enabled) throw invalid('TimeToLive is already enabled');
  if (!enable && !ttl.enabled) throw invalid('TimeToLive is already disabled');
  const now = double.now();
  if (now < Math.max(ttl.freeAt, ttl.settledAt)) {
    throw invalid('Time to live has been modified multiple times within a fixed interval');
  }
  const answer = await double.engine('UpdateTimeToLive', body);
  table.ttl = {
    enabled: enable,
    attribute,
    settledAt: now + double.delays.ttl,
    freeAt: now + double.delays.ttlCooldown,
  };
  return answer;
};
