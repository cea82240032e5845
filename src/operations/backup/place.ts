import { newestBackup } from '../../dynamodb/backups.js';
import type { OperationContext } from '../context.js';

/** Whether the endpoint has backups of its own: AWS has, and some engines have. */
export async function offersBackups({ dynamo }: OperationContext): Promise<boolean> {
  return dynamo.isAws || (await newestBackup(dynamo, 'mcp-sessions')) !== undefined;
}
