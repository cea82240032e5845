import type { IamNeed } from '../schema/iam.js';

/** What it takes to find the sessions table, and to know its layout. */
export const FIND: readonly IamNeed[] = [
  { on: 'table', role: 'sessions', actions: ['dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive'] },
  {
    on: 'table',
    role: 'sessions',
    actions: ['dynamodb:Scan'],
    when: 'keys, indexes and TTL leave the layout in doubt',
    optional: true,
  },
];

/** To name the tables that there are, where the one that was meant is not there. */
export const NAME_OTHERS: readonly IamNeed[] = [
  { on: 'any', actions: ['dynamodb:ListTables'], when: 'there is no such table', optional: true },
];

/** What DescribeTable does not tell of a table. */
export const SETTINGS: readonly IamNeed[] = [
  { on: 'table', actions: ['dynamodb:DescribeContinuousBackups', 'dynamodb:ListTagsOfResource'] },
];

/** To know every setting of both tables. */
export const OBSERVE: readonly IamNeed[] = [
  { on: 'table', actions: ['dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive'] },
  ...SETTINGS.map((need) => ({ ...need, optional: true as const })),
];

export const EVENTS_TABLE: readonly IamNeed[] = [
  { on: 'table', role: 'events', actions: ['dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive'] },
];

/** What a table would lose by being made anew, beside what OBSERVE tells. */
export const EXTRAS: readonly IamNeed[] = [
  { on: 'table', actions: ['dynamodb:DescribeKinesisStreamingDestination', 'dynamodb:GetResourcePolicy'] },
  { on: 'stream', actions: ['dynamodb:GetResourcePolicy'] },
  { on: 'any', actions: ['dynamodb:ListContributorInsights'] },
];

export const ALARMS: readonly IamNeed[] = [{ on: 'any', actions: ['cloudwatch:DescribeAlarms'] }];

/** To find backups, or whether an endpoint has any. */
export const LIST_BACKUPS: readonly IamNeed[] = [{ on: 'any', actions: ['dynamodb:ListBackups'] }];

/** To make AWS's own backups and wait for them. */
export const BACK_UP: readonly IamNeed[] = [
  { on: 'table', actions: ['dynamodb:CreateBackup'] },
  { on: 'backup', actions: ['dynamodb:DescribeBackup'] },
];

/** To give a table its settings. */
export const CONVERGE: readonly IamNeed[] = [
  { on: 'table', actions: ['dynamodb:TagResource', 'dynamodb:UpdateTable', 'dynamodb:UpdateTimeToLive'] },
];

/** What AWS does in the caller's name when it fills a table. */
export const FILL = [
  'dynamodb:BatchWriteItem',
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:Scan',
  'dynamodb:UpdateItem',
] as const satisfies IamNeed['actions'];

/** The same needs, but only in a case. */
export const when = (text: string, ...needs: readonly (readonly IamNeed[])[]): readonly IamNeed[] =>
  needs.flat().map((need) => ({ ...need, when: text }));

/** The same needs, but the command does without. */
export const optional = (...needs: readonly (readonly IamNeed[])[]): readonly IamNeed[] =>
  needs.flat().map((need) => ({ ...need, optional: true }));
