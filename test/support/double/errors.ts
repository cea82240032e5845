import { RawError } from '../raw-client.js';

/** Which namespace AWS writes before the name of an error in `__type`; DynamoDB's own for those not listed. */
const NAMESPACES: Readonly<Record<string, string>> = {
  ValidationException: 'com.amazon.coral.validate',
  SerializationException: 'com.amazon.coral.service',
  UnknownOperationException: 'com.amazon.coral.service',
  AccessDeniedException: 'com.amazon.coral.service',
  ExpiredTokenException: 'com.amazon.coral.service',
  InvalidSignatureException: 'com.amazon.coral.service',
  MissingAuthenticationTokenException: 'com.amazon.coral.service',
  UnrecognizedClientException: 'com.amazon.coral.service',
  ThrottlingException: 'com.amazon.coral.availability',
};

const SERVER_ERRORS: Readonly<Record<string, number>> = {
  InternalServerError: 500,
  InternalFailure: 500,
  ServiceUnavailable: 503,
};

/** An error as AWS answers it: the full `__type`, and the HTTP status that goes with the name. */
export const awsError = (name: string, message: string, status = SERVER_ERRORS[name] ?? 400): RawError =>
  new RawError(`${NAMESPACES[name] ?? 'com.amazonaws.dynamodb.v20120810'}#${name}`, message, status);

export const invalid = (message: string): RawError => awsError('ValidationException', message);

export const invalidValue = (message: string): RawError =>
  invalid(`One or more parameter values were invalid: ${message}`);

/** A value of a request that the API's model does not allow; the rule is in the words of the model. */
export const outsideModel = (value: unknown, member: string, rule: string): RawError =>
  invalid(
    `1 validation error detected: Value ${value === undefined ? 'null' : `'${JSON.stringify(value).replaceAll('"', '')}'`} at '${member}' failed to satisfy constraint: ${rule}`,
  );

/** Refuses what is not a number between the bounds; undefined is let by. */
export function requireBetween(value: unknown, member: string, least: number, most: number): void {
  if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) return;
  const below = typeof value === 'number' && value < least;
  const rule = below ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
  throw outsideModel(value, member, `Member must have value ${rule}`);
}

/** The answer to a change that has to wait for another one. */
export const inUse = (detail: string): RawError =>
  awsError('ResourceInUseException', `Attempt to change a resource which is still in use: ${detail}`);

/** What the backup operations say where others say ResourceNotFoundException. */
export const tableNotFound = (name: string): RawError => awsError('TableNotFoundException', `Table not found: ${name}`);

/** The double was asked for something that it does not imitate. Never an answer of AWS: the test must not go on. */
export const notImitated = (what: string): RawError =>
  new RawError('NotImitatedByTheDouble', `the AWS double does not imitate ${what}`, 501);
