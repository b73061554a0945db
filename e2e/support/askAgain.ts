/** A client as the documentation wants it: it names its request, and comes back with that name when the hub was lost. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';

export interface AskedAgain {
  url: string;
  /** Of an OpenAI completion, of texts or of chats. */
  path: string;
  body: { stream?: boolean } & object;
  /** Told when the hub was lost, with how often it was before. */
  onLost?: (times: number) => void;
}

export interface WholeAnswer {
  /** Of the request. */
  id: string;
  /** One for each choice. */
  texts: string[];
  /** How often the hub was lost meanwhile. */
  losses: number;
  /** How often the hub had not written down the request before it was lost, so that the client asked anew. */
  begunAnew: number;
  /** Of a stream, one for each connection over which events came: tells who lost text, the hub or this client. */
  reads: StreamRead[];
}

/** What came over one connection. */
export interface StreamRead {
  /** Id of the event after which the client asked the stream to go on. */
  after: string;
  /** Ids of the first and the last event that came. */
  ids: [first: string, last: string];
  text: string;
}

/** An answer that ended with an error of the API. */
export class RefusedAnswer extends Error {
  override name = 'RefusedAnswer';
  /** Of the request. */
  readonly id: string;

  constructor(message: string, id: string) {
    super(message);
    this.id = id;
  }
}

interface Failure {
  code: string;
  message: string;
}

interface Choice {
  index: number;
  text?: string;
  delta?: { content?: string };
  message?: { content: string };
}

interface Piece {
  choices?: Choice[];
  error?: Failure;
}

/** The hub is away, or is about to be. */
class HubLost extends Error {}

const againAfterMs = 100;

/** @throws RefusedAnswer where the hub says why there is no answer */
export async function askUntilAnswered(asked: AskedAgain): Promise<WholeAnswer> {
  const answer: WholeAnswer = { id: randomUUID(), texts: [], losses: 0, begunAnew: 0, reads: [] };
  let lastEvent = '0';
  for (;;) {
    try {
      const headers = { 'x-potluck-request': answer.id, 'last-event-id': lastEvent };
      const response = await ask(asked, headers);
      if (response.status === 409 && answer.losses > answer.begunAnew) {
        await response.body?.cancel();
        Object.assign(answer, { id: randomUUID(), texts: [], reads: [], begunAnew: answer.begunAnew + 1 });
        lastEvent = '0';
        continue;
      }
      if (response.ok && asked.body.stream === true) {
        await readEvents(response, answer, lastEvent, (id) => (lastEvent = id));
      } else {
        const whole = (await reading(response.json())) as Piece;
        // A hub that starts says only so: what was read of a stream stays.
        if (whole.choices) answer.texts = [];
        add(answer, whole, response.status);
      }
      return answer;
    } catch (error) {
      if (!(error instanceof HubLost)) throw error;
      asked.onLost?.(answer.losses);
      answer.losses++;
      await pause(againAfterMs);
    }
  }
}

async function ask({ url, path, body }: AskedAgain, headers: Record<string, string>): Promise<Response> {
  const init = { method: 'POST', body: JSON.stringify(body) };
  return reading(fetch(url + path, { ...init, headers: { ...headers, 'content-type': 'application/json' } }));
}

async function readEvents(
  response: Response,
  answer: WholeAnswer,
  after: string,
  read: (id: string) => void,
): Promise<void> {
  const events = response.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  const reader = events?.getReader();
  let connection: StreamRead | undefined;
  for (;;) {
    const { value: event } = (await (reader && reading(reader.read()))) ?? {};
    if (!event) throw new HubLost();
    if (event.data === '[DONE]') return;
    const piece = JSON.parse(event.data) as Piece;
    add(answer, piece, response.status);
    if (event.id === undefined) continue;
    read(event.id);
    if (!connection) answer.reads.push((connection = { after, ids: [event.id, event.id], text: '' }));
    connection.ids[1] = event.id;
    connection.text += (piece.choices ?? []).map(textOf).join('');
  }
}

function add(answer: WholeAnswer, { choices, error }: Piece, status: number): void {
  if (error?.code === 'hub_stopped' || (answer.losses > 0 && status === 503)) throw new HubLost();
  if (error || !choices) {
    throw new RefusedAnswer(`${status} ${error?.code ?? ''}: ${error?.message ?? 'no answer'}`, answer.id);
  }
  for (const choice of choices)
    answer.texts[choice.index] = (answer.texts[choice.index] ?? '') + textOf(choice);
}

function textOf({ text, delta, message }: Choice): string {
  return text ?? delta?.content ?? message?.content ?? '';
}

/** What fails on the way is the hub's end. @throws HubLost */
async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new HubLost('the hub is away', { cause });
  }
}
