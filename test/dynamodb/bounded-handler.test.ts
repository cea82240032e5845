import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpRequest } from '@smithy/core/protocols';
import { BoundedHandler } from '../../src/dynamodb/bounded-handler.js';

/** A server that sends so many bytes, one every ten milliseconds, and then ends or goes on for ever. */
async function trickling(bytes: number): Promise<number> {
  const server = createServer((_request, response) => {
    response.writeHead(200);
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      response.write('x');
      if (sent === bytes) response.end();
    }, 10);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

async function read(port: number, answerMs: number): Promise<string> {
  const handler = new BoundedHandler({}, answerMs);
  onTestFinished(() => handler.destroy());
  const { response } = await handler.handle(
    new HttpRequest({ protocol: 'http:', hostname: '127.0.0.1', port, method: 'GET', path: '/' }),
  );
  let text = '';
  for await (const chunk of response.body) text += String(chunk);
  return text;
}

describe('BoundedHandler', () => {
  it('ends an answer that trickles without end, as silence is ended', async () => {
    await expect(read(await trickling(Number.POSITIVE_INFINITY), 300)).rejects.toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('request socket'),
    });
  });

  it('and lets a slow one be that is whole in time', async () => {
    expect(await read(await trickling(10), 10_000)).toBe('xxxxxxxxxx');
  });
});
