import { Readable } from 'node:stream';
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';

type Handle = NodeHttpHandler['handle'];

/**
 * Sends requests, each of which has its whole answer within a time or fails. The SDK's own limits end with the answer's
 * head, or begin anew with every byte: an answer that trickles would be waited for without end.
 */
export class BoundedHandler extends NodeHttpHandler {
  readonly #answerMs: number;

  constructor(options: NodeHttpHandlerOptions, answerMs: number) {
    super(options);
    this.#answerMs = answerMs;
  }

  override async handle(request: Parameters<Handle>[0], options: Parameters<Handle>[1] = {}): ReturnType<Handle> {
    const tooLate = new AbortController();
    const timer = setTimeout(() => tooLate.abort(), this.#answerMs).unref();
    // Named as the SDK names silence: it is tried once more, and told in the same words.
    const late = (): Error =>
      Object.assign(new Error(`the request socket had no whole answer after ${this.#answerMs} ms`), {
        name: 'TimeoutError',
      });
    try {
      const result = await super.handle(request, { ...options, abortSignal: tooLate.signal });
      const body: unknown = result.response.body;
      if (!(body instanceof Readable)) {
        clearTimeout(timer);
        return result;
      }
      tooLate.signal.addEventListener('abort', () => body.destroy(late()));
      body.once('close', () => clearTimeout(timer));
      return result;
    } catch (error) {
      clearTimeout(timer);
      throw tooLate.signal.aborted ? late() : error;
    }
  }
}
