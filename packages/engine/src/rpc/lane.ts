/**
 * Calls to a stage in another thread, in their order, over a port of its own. Calls of one turn of the event loop cross in one
 * message, and their answers alike: steps that shared a run stay together, so that they share the next stage's run, too.
 */
import { StageGoneError } from '../errors.ts';
import { errorOf, plainError, type PlainError } from './plainError.ts';

interface Call {
  id: number;
  verb: string;
  args: readonly unknown[];
}

type Answer = { id: number; result: unknown } | { id: number; error: PlainError };

/** The caller's end. */
export interface LaneCaller {
  /** @param buffers go along without a copy */
  call(verb: string, args: readonly unknown[], buffers: readonly ArrayBuffer[]): Promise<unknown>;
  /**
   * Nobody answers any more: what waits fails with this reason, as does what is called from now on. The port is the other thread's to
   * close, which may be ending at this moment.
   */
  lose(reason: Error): void;
  /** The stage was disposed of, and the other thread goes on. Nothing happens where it is lost. */
  close(): void;
}

/** @param onError told what the other thread answered, where that is an error */
export function callOver(port: MessagePort, onError: (error: Error) => void = () => undefined): LaneCaller {
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let loss: Error | undefined;
  const send = bundle<Call>(port, ({ id }, error) => {
    waiting.get(id)?.reject(error);
    waiting.delete(id);
  });
  listenTo(port, (answers: Answer[]) => {
    for (const answer of answers) {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('error' in answer) {
        const error = errorOf(answer.error);
        asked?.reject(error);
        onError(error);
      } else asked?.resolve(answer.result);
    }
  });
  const lose = (reason: Error): void => {
    loss ??= reason;
    for (const { reject } of waiting.values()) reject(loss);
    waiting.clear();
  };
  return {
    call: (verb, args, buffers) =>
      new Promise((resolve, reject) => {
        if (loss) throw loss;
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        send({ id, verb, args }, buffers);
      }),
    lose,
    close() {
      if (loss) return;
      lose(new StageGoneError('The stage was disposed'));
      port.close();
    },
  };
}

/**
 * The served end.
 * @param handle its answers go back as they come; what it throws, too
 * @param buffersOf those of an answer that go along without a copy
 */
export function serveOver(
  port: MessagePort,
  handle: (verb: string, args: readonly unknown[]) => Promise<unknown>,
  buffersOf: (verb: string, result: unknown) => readonly ArrayBuffer[],
): void {
  const send = bundle<Answer>(port, ({ id }, error) => port.postMessage([{ id, error: plainError(error) }]));
  const answer = async ({ id, verb, args }: Call): Promise<void> => {
    try {
      const result = await handle(verb, args);
      send({ id, result }, buffersOf(verb, result));
    } catch (error) {
      send({ id, error: plainError(error) }, []);
    }
  };
  listenTo(port, (calls: Call[]) => {
    for (const call of calls) void answer(call);
  });
}

/** A port of Node that is listened to as Node's own are makes no event of a message, for which a thread loads all that `fetch` takes. */
function listenTo<Message>(port: MessagePort, listener: (message: Message) => void): void {
  const ofNode = port as Partial<{ on(name: 'message', listener: (message: Message) => void): void }>;
  if (ofNode.on) ofNode.on('message', listener);
  else port.onmessage = ({ data }: { data: Message }) => listener(data);
}

interface Sent<Item> {
  item: Item;
  buffers: readonly ArrayBuffer[];
}

/**
 * Items of one turn go in one message. Where that can't be sent, each goes by itself: one harms no other.
 * @param failed told of each item that could not be sent
 */
function bundle<Item>(
  port: MessagePort,
  failed: (item: Item, error: Error) => void,
): (item: Item, buffers: readonly ArrayBuffer[]) => void {
  let waiting: Sent<Item>[] = [];
  const post = (all: readonly Sent<Item>[]): void =>
    port.postMessage(
      all.map(({ item }) => item),
      [...new Set(all.flatMap(({ buffers }) => buffers))],
    );
  const flush = (): void => {
    const all = waiting;
    waiting = [];
    try {
      post(all);
    } catch {
      for (const one of all) {
        try {
          post([one]);
        } catch (error) {
          failed(one.item, error as Error);
        }
      }
    }
  };
  return (item, buffers) => {
    waiting.push({ item, buffers });
    // What is called, or answered, at the same time has its turn before.
    if (waiting.length === 1) queueMicrotask(flush);
  };
}
