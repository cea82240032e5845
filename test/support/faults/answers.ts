import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import * as zlib from 'node:zlib';
import type { Json, RawError } from '../raw-client.js';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const answerOf = (body: Json, status = 200): Answer => ({ status, body: JSON.stringify(body) });

/** An error as DynamoDB answers it: the whole `__type`, the message, and what else its shape has. */
export const errorOf = ({ type, message, status }: RawError, more: Json = {}): Answer => ({
  status,
  body: JSON.stringify({ __type: type, message, ...more }),
  headers: { 'x-amzn-errortype': type.replace(/^.*#/, '') },
});

const requestId = (): string => randomBytes(26).toString('hex').toUpperCase();

/** The headers that DynamoDB sends with every answer: clients may check the sum of the body. */
export function headersOf({ body, headers = {} }: Answer, now: number): Record<string, string> {
  const bytes = Buffer.from(body);
  return {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': String(bytes.length),
    'x-amz-crc32': String(zlib.crc32(bytes)),
    'x-amzn-requestid': requestId(),
    date: new Date(now).toUTCString(),
    ...headers,
  };
}

export function send(response: ServerResponse, answer: Answer, now: number): void {
  response.writeHead(answer.status, headersOf(answer, now));
  response.end(answer.body);
}
