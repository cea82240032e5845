/**
 * The shared table-schema module: layouts as data, and pure functions over them. It reads no file, no environment and
 * no network.
 */
export { applicationNeeds } from './application.js';
export * from './attribute-value.js';
export * from './decode.js';
export * from './describe.js';
export * from './desired.js';
export * from './detect.js';
export * from './diff.js';
export * from './duration.js';
export type * from './extras.js';
export { DEFAULT_LAYOUT, generic, genericFor, LAYOUTS } from './layouts/index.js';
export { type IamNeed, type IamScope, type PolicyDocument, policyOf } from './iam.js';
export * from './names.js';
export { type ExampleRequest, type ExampleSession, exampleSession, type Random } from './example.js';
export { changesBetween, type ValueChange } from './item-changes.js';
export { compareKeys } from './key-order.js';
export { payloadProblems } from './payload.js';
export { exactNumber, plainItem, toPlain } from './plain.js';
export { secretJudge } from './secrets.js';
export { desiredOf, parseRecord, recordOf, type TableRecord } from './record.js';
export { recordDifferences } from './record-diff.js';
export { keyOfItem, keyOfSessionId, sessionIdOf } from './session-id.js';
export { type ReadTime, readTimeAttribute, writeTime } from './time.js';
export { TTL_REACH_MS, ttlFault, type TtlFault, type TtlFaultKind } from './ttl.js';
export type * from './types.js';
export { type LayoutIssue, validateLayout } from './validate.js';
export { canonicalItem } from './canonical.js';
export { type ExpiryAttribute, expiryAttributes, isTtlDue, shiftExpiry } from './shift-expiry.js';
export { canonicalNumber, parseWireItem, type WireItem } from './wire-check.js';
export { fromWire, itemFromWire, itemToWire, toWire, type WireValue } from './wire.js';
export * from './filter.js';
export { parseWhere, type Where, type WhereOperator, whereProblem, WHERE_OPERATORS } from './where.js';
