import { createHash } from 'node:crypto';
import { inUse, invalidValue } from './errors.js';
import { type Json, objectIn, textIn } from './json.js';
import type { Aspect, DoubleContext } from './state.js';

export function requireValidEncryption(specification: Json): void {
  const type = textIn(specification, 'SSEType');
  const key = textIn(specification, 'KMSMasterKeyId');
  if (specification['Enabled'] === false) {
    if (type !== undefined) throw invalidValue('SSEType can not be specified if Enabled is false');
    if (key !== undefined) throw invalidValue('KMSMasterKeyId can not be specified if Enabled is false');
  }
  if (type !== undefined && type !== 'KMS') throw invalidValue(`SSEType ${type} is not supported`);
  if (key !== undefined && type !== 'KMS') throw invalidValue('SSEType KMS is required if KMSMasterKeyId is specified');
}

/** An id that stays the same for the same text, in the form of a UUID. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** ARN of the key that a specification asks for: AWS answers with the key's ARN, whatever form it was named in. */
export function keyOf(double: DoubleContext, specification: Json): string | undefined {
  const asked = specification['Enabled'] === true || textIn(specification, 'SSEType') === 'KMS';
  if (!asked) return undefined;
  const key = textIn(specification, 'KMSMasterKeyId') ?? 'alias/aws/dynamodb';
  if (/^arn:aws[^:]*:kms:[^:]+:\d+:key\//.test(key)) return key;
  const name = key.replace(/^arn:aws[^:]*:kms:[^:]+:\d+:/, '');
  const id = name.startsWith('alias/') ? uuidOf(name) : name;
  return `arn:aws:kms:${double.region}:${double.account}:key/${id}`;
}

/** The key that AWS manages in an account: it "should" not be named, which is taken for a must here. */
export function refuseManagedKey(double: DoubleContext, specification: Json): void {
  const named = textIn(specification, 'KMSMasterKeyId');
  if (named !== undefined && keyOf(double, specification) === keyOf(double, { Enabled: true }))
    throw invalidValue('KMSMasterKeyId should only be provided if it is not the default key alias/aws/dynamodb');
}

export const encryptionAspect: Aspect = (double, table, body) => {
  const specification = objectIn(body, 'SSESpecification');
  if (specification === undefined) return undefined;
  requireValidEncryption(specification);
  if (table.keyChange !== undefined) throw inUse('Server-Side Encryption is still being updated');
  const key = keyOf(double, specification);
  if (key === undefined && table.key === undefined) throw invalidValue('Table is already encrypted by default');
  if (key !== undefined && key === table.key && textIn(specification, 'KMSMasterKeyId') === key) {
    throw invalidValue(
      'Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key',
    );
  }
  return {
    apply: () => {
      table.keyChange = { until: double.now() + double.delays.encryption, before: table.key };
      if (key === undefined) delete table.key;
      else table.key = key;
    },
  };
};
