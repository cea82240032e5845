import { type AwsFailure, type Explain } from './failure.js';

/** Node's codes of a name that the name service does not know, or cannot be asked for. */
const isUnresolved = (code: string | null): boolean => code === 'ENOTFOUND' || code === 'EAI_AGAIN';

/** A socket that was opened and then stayed quiet. */
const isSilent = (name: string, message: string): boolean =>
  name === 'TimeoutError' && /inactivity|request socket/.test(message);

export const unreachable: Explain = ({ message, code, name }, site) =>
  site.endpoint === null
    ? {
        code: code === 'ENOTFOUND' ? 'REGION_UNKNOWN' : 'ENDPOINT_UNREACHABLE',
        message:
          code === 'ENOTFOUND'
            ? `no DynamoDB answers for region '${site.region}' (${message})`
            : `DynamoDB in ${site.region} cannot be reached: ${message || name}`,
        hint:
          code === 'ENOTFOUND'
            ? `check the spelling of --region (eu-west-1, us-east-1, …), and that this machine resolves names`
            : 'check the network, a proxy or firewall, and VPC endpoints',
      }
    : {
        code: 'ENDPOINT_UNREACHABLE',
        message: isSilent(name, message)
          ? `${site.endpoint} takes connections and does not answer ${site.operation}`
          : `nothing answers ${site.operation} at ${site.endpoint}: ${message || code || name}`,
        hint: isSilent(name, message)
          ? 'whatever listens there hangs, or is no DynamoDB: look at it, or check --endpoint-url'
          : isUnresolved(code)
            ? 'no such host is known: check the spelling of --endpoint-url; `--local` needs none'
            : 'start the engine, or check --endpoint-url; `--local` needs none: it brings its own engine',
      };

/** Whether a call ended because nothing came over its connection for too long. */
export const isSilence = (error: unknown): boolean => error instanceof Error && isSilent(error.name, error.message);

const NETWORK_NAMES = new Set(['TimeoutError', 'AggregateError', 'RequestTimeout']);
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  'EPROTO',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** Whether a call failed on its way, so that no answer came. */
export const isNetworkFailure = ({ code, name }: AwsFailure): boolean =>
  (code !== null && NETWORK_CODES.has(code)) || NETWORK_NAMES.has(name);
