/** Keeps the bodies of requests, so that they can be sent again. */
import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { maxBodyBytes } from '../http/limitBody.ts';

/** The hub takes no larger body but for uploads; it tells who sends a little more. */
const mostBytes = maxBodyBytes + 1024;
/** All bodies that are kept at a time. */
const mostBytesTogether = 64 * 1024 * 1024;

export interface KeptBody {
  bytes: Buffer;
  /** False where there is more, which comes from the request itself and can be sent once only. */
  isWhole: boolean;
  /** Gives back its room. */
  forget(): void;
}

export class BodyRoom {
  #used = 0;
  readonly #most: number;

  constructor(most = mostBytesTogether) {
    this.#most = most;
  }

  /**
   * Reads a body as far as there is room for it.
   * @throws Error where the client goes away before its end
   */
  async keep(incoming: IncomingMessage): Promise<KeptBody> {
    const chunks: Buffer[] = [];
    let length = 0;
    const kept = (isWhole: boolean): KeptBody => ({
      bytes: Buffer.concat(chunks),
      isWhole,
      forget: () => {
        this.#used -= length;
        length = 0;
      },
    });
    const hasBody =
      incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length']) > 0;
    if (!hasBody) return kept(true);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        incoming.off('data', onData).off('end', onEnd).off('close', onClose);
      };
      const onData = (chunk: Buffer): void => {
        chunks.push(chunk);
        length += chunk.length;
        this.#used += chunk.length;
        if (length <= mostBytes && this.#used <= this.#most) return;
        incoming.pause();
        end();
        resolve(kept(false));
      };
      const onEnd = (): void => {
        end();
        resolve(kept(true));
      };
      const onClose = (): void => {
        end();
        kept(false).forget();
        reject(new Error('the client went away'));
      };
      incoming.on('data', onData).on('end', onEnd).on('close', onClose);
    });
  }
}
