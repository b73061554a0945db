/** What Prometheus reads of a hub among several, whether it leads or not. */
import { Counter, Gauge, Registry } from 'prom-client';

export interface FrontReading {
  leads: boolean;
  /** Epoch of the hub that leads, as this one knows it; 0 where nobody does. */
  epoch: number;
  waiting: number;
  redisAnswers: boolean;
}

export class FrontMetrics {
  readonly #registry = new Registry();
  readonly #passedOn: Counter<'kind'>;
  readonly #askedAgain: Counter;

  /** @param read how things are now */
  constructor(read: () => FrontReading) {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: (reading: FrontReading) => number): void => {
      new Gauge({
        ...{ name, help, registers },
        collect() {
          this.set(value(read()));
        },
      });
    };
    gauge('potluck_hub_leads', 'Whether this hub leads (1) or passes requests on (0).', ({ leads }) =>
      Number(leads),
    );
    gauge(
      'potluck_hub_epoch',
      'Number of the leading hub as this one knows it; 0: none leads.',
      ({ epoch }) => epoch,
    );
    gauge('potluck_front_waiting', 'Requests that wait for a hub that leads.', ({ waiting }) => waiting);
    gauge('potluck_redis_up', 'Whether Redis answers this hub.', ({ redisAnswers }) => Number(redisAnswers));
    this.#passedOn = new Counter({
      name: 'potluck_front_passed_on_total',
      help: 'Requests and web sockets that this hub passed on to the one that leads.',
      labelNames: ['kind'],
      registers,
    });
    this.#askedAgain = new Counter({
      name: 'potluck_front_asked_again_total',
      help: 'Requests that this hub asked again because the leading hub was lost.',
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  passedOn(kind: 'request' | 'socket'): void {
    this.#passedOn.inc({ kind });
  }

  askedAgain(): void {
    this.#askedAgain.inc();
  }
}
