// By name: the bundler keeps what is imported by name, and everything of a namespace.
export { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
