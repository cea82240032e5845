import type {
  AttributeDefinition,
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  TableDescription,
} from '@aws-sdk/client-dynamodb';
import type { KeyType } from '../schema/attribute-value.js';
import type { Capacity, KeyAttribute, KeySchema, Projection } from '../schema/types.js';

const isKeyType = (type: string | undefined): type is KeyType => type === 'S' || type === 'N' || type === 'B';

export function keysOf(
  elements: readonly KeySchemaElement[] | undefined,
  definitions: readonly AttributeDefinition[],
): KeySchema {
  const keyOf = (kind: 'HASH' | 'RANGE'): KeyAttribute | undefined => {
    const name = elements?.find(({ KeyType }) => KeyType === kind)?.AttributeName;
    const type = definitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
    return name === undefined ? undefined : { name, type: isKeyType(type) ? type : 'S' };
  };
  const sortKey = keyOf('RANGE');
  return { partitionKey: keyOf('HASH') ?? { name: '', type: 'S' }, ...(sortKey === undefined ? {} : { sortKey }) };
}

export function projectionOf(index: Pick<GlobalSecondaryIndexDescription, 'Projection'>): Projection {
  const { ProjectionType = 'ALL', NonKeyAttributes } = index.Projection ?? {};
  return { type: ProjectionType, ...(NonKeyAttributes === undefined ? {} : { nonKeyAttributes: NonKeyAttributes }) };
}

export function capacityOf(throughput: TableDescription['ProvisionedThroughput']): Capacity {
  return {
    readCapacityUnits: throughput?.ReadCapacityUnits ?? 0,
    writeCapacityUnits: throughput?.WriteCapacityUnits ?? 0,
  };
}
