import { describe, expect, it } from 'vitest';
import { expectRefusal, useClockedDoubles } from './harness.js';

const { start } = useClockedDoubles();

const arn = (name: string) => ({ ResourceArn: `arn:aws:dynamodb:eu-west-1:123456789012:table/${name}` });

const tags = (count: number, prefix = 'k') =>
  Array.from({ length: count }, (_, index) => ({ Key: `${prefix}${String(index).padStart(2, '0')}`, Value: 'v' }));

describe('tags', () => {
  it('show only after a while, and cannot be changed again before', async () => {
    const { raw, advance, table } = await start();
    await table('tag', { Tags: [{ Key: 'old', Value: '1' }] });
    const list = async () => (await raw.call('ListTagsOfResource', arn('tag'))).Tags;
    await raw.call('TagResource', { ...arn('tag'), Tags: [{ Key: 'new', Value: '2' }] });
    expect(await list()).toEqual([{ Key: 'old', Value: '1' }]);
    const untag = () => raw.call('UntagResource', { ...arn('tag'), TagKeys: ['old'] });
    await expectRefusal(untag(), 'LimitExceededException', /tags are being updated/);
    await expectRefusal(
      raw.call('DeleteTable', { TableName: 'tag' }),
      'ResourceInUseException',
      /Table tags are being updated: tag$/,
    );
    advance(30);
    expect(await list()).toHaveLength(2);
    await untag();
    expect(await list()).toHaveLength(2);
    advance(30);
    expect(await list()).toEqual([{ Key: 'new', Value: '2' }]);
  });

  it('come in pages', async () => {
    const { raw, table } = await start();
    await table('many', { Tags: tags(23) });
    const keys: (string | undefined)[] = [];
    let NextToken: string | undefined;
    let pages = 0;
    do {
      const page = await raw.call('ListTagsOfResource', {
        ...arn('many'),
        ...(NextToken !== undefined && { NextToken }),
      });
      keys.push(...(page.Tags ?? []).map(({ Key }) => Key));
      NextToken = page.NextToken;
      pages += 1;
    } while (NextToken !== undefined);
    expect(pages).toBe(3);
    expect(new Set(keys).size).toBe(23);
  });

  it('are 50 at most, not prefixed with aws:, not twice the same', async () => {
    const { raw, table } = await start();
    await table('most', { Tags: tags(50) });
    const refused = (Tags: readonly object[], message: RegExp) =>
      expectRefusal(raw.call('TagResource', { ...arn('most'), Tags }), 'ValidationException', message);
    await refused(tags(1, 'x'), /^Number of Tags exceed the current limit/);
    await refused([{ Key: 'aws:a', Value: '' }], /^Tag Key cannot be prefixed with aws:, Key: aws:a$/);
    await refused([...tags(1), ...tags(1)], /^Duplicate Tag Keys/);
    await refused([], /^Atleast one Tag needs to be provided as Input\.$/);
    await raw.call('TagResource', { ...arn('most'), Tags: tags(1) });
  });

  it('belong to a table that is ACTIVE, of this region', async () => {
    const { raw } = await start();
    await raw.call('CreateTable', {
      TableName: 'fresh',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await expectRefusal(
      raw.call('ListTagsOfResource', arn('fresh')),
      'ResourceNotFoundException',
      /table\/fresh not found$/,
    );
    await expectRefusal(
      raw.call('ListTagsOfResource', arn('absent')),
      'ResourceNotFoundException',
      /table\/absent not found$/,
    );
    const elsewhere = 'arn:aws:dynamodb:us-east-1:123456789012:table/fresh';
    await expectRefusal(
      raw.call('ListTagsOfResource', { ResourceArn: elsewhere }),
      'ValidationException',
      /^Invalid TableArn/,
    );
    await expectRefusal(
      raw.call('ListTagsOfResource', { ResourceArn: 'fresh' }),
      'ValidationException',
      /ARNs must start with 'arn:': fresh$/,
    );
  });
});
