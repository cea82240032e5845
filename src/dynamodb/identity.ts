import { call } from './call.js';
import type { Dynamo } from './client.js';

/** The account and ARN that the credentials stand for: STS GetCallerIdentity, which needs no permission. */
export async function callerIdentity(dynamo: Dynamo): Promise<string> {
  const { GetCallerIdentityCommand, STSClient } = await import('./sts.js');
  const { Account, Arn } = await call(dynamo, 'GetCallerIdentity', null, async ({ config }) => {
    const sts = new STSClient({ region: dynamo.region, credentials: config.credentials, maxAttempts: 2 });
    try {
      return await sts.send(new GetCallerIdentityCommand({}));
    } finally {
      sts.destroy();
    }
  });
  return `${Arn ?? 'unknown identity'} in account ${Account ?? 'unknown'}`;
}
