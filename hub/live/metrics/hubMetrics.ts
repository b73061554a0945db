/**
 * What Prometheus reads of a hub. Names begin with `potluck_`, and with `gen_ai_` where OpenTelemetry has a name for it
 * (semantic conventions for generative AI, metrics): `gen_ai.server.time_to_first_token` is `gen_ai_server_time_to_first_token_seconds`.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestRecord } from '../../generation/requestRecord.ts';
import type { Replica } from '../../pipelines/deployment.ts';
import type { ObservedHub } from './observedHub.ts';

/** Bounds of OpenTelemetry's advice for `gen_ai.server.time_to_first_token`, in seconds, and above them what slow devices need. */
const firstTokenBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120,
];
/** The same for `gen_ai.server.time_per_output_token`. */
const tokenBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10];
/** The same for `gen_ai.server.request.duration`. */
const durationBuckets = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 327.68, 1310.72,
];
const queueBuckets = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const outageBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
/** A hub has few models at a time; whoever adds one after the other for years gets these under one name. */
const mostModels = 200;
const otherModels = 'other';

export class HubMetrics {
  readonly #registry = new Registry();
  readonly #models = new Set<string>();
  readonly #read: () => ObservedHub;
  /** Read once for a scrape. */
  #hub: ObservedHub;
  /** When pipelines stopped to serve, by `performance.now()`. */
  readonly #outSince = new Map<string, number>();
  readonly #requests = this.#counter('potluck_requests_total', 'Answers that ended.', ['model', 'status']);
  readonly #failures = this.#counter('potluck_request_failures_total', 'Answers that failed.', [
    'model',
    'code',
  ]);
  readonly #httpRequests = this.#counter('potluck_http_requests_total', 'Answers to HTTP requests.', [
    'surface',
    'status',
  ]);
  readonly #tokens = this.#counter(
    'potluck_tokens_total',
    'Tokens of prompts (input) and answers (output).',
    ['model', 'type'],
  );
  readonly #cachedTokens = this.#counter(
    'potluck_cached_tokens_total',
    'Tokens of prompts that a kept cache held, so that no device computed them; part of the input in potluck_tokens_total.',
    ['model'],
  );
  readonly #cacheLookups = this.#counter(
    'potluck_prompt_cache_total',
    'Answers whose prompt began with what a cache held (hit), and those that computed all of it (miss).',
    ['model', 'result'],
  );
  readonly #replays = this.#counter(
    'potluck_replays_total',
    'How often answers went on with other devices, or in a new epoch.',
    ['model'],
  );
  readonly #recomputed = this.#counter(
    'potluck_recomputed_tokens_total',
    'Tokens that a stage ran once more after a loss.',
    ['model'],
  );
  readonly #pauses = this.#counter(
    'potluck_answer_pause_seconds_total',
    'Time that answers stood still after a loss.',
    ['model'],
  );
  readonly #firstToken = this.#histogram(
    'gen_ai_server_time_to_first_token_seconds',
    "From a request's arrival to its first token.",
    firstTokenBuckets,
  );
  readonly #perToken = this.#histogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Mean time between two tokens of an answer, after the first.',
    tokenBuckets,
  );
  readonly #duration = this.#histogram(
    'gen_ai_server_request_duration_seconds',
    "From a request's arrival to its end.",
    durationBuckets,
  );
  readonly #queue = this.#histogram(
    'potluck_queue_seconds',
    'How long requests waited for room in the caches.',
    queueBuckets,
  );
  readonly #outages = this.#histogram(
    'potluck_pipeline_outage_seconds',
    'How long a pipeline that stopped to serve took until it served again.',
    outageBuckets,
  );
  readonly #lost = this.#counter(
    'potluck_pipelines_lost_total',
    'Pipelines that ended because a device was lost or failed.',
    ['model'],
  );
  readonly #moves = this.#counter(
    'potluck_moves_total',
    'Pipelines that went to other devices without having lost one.',
    ['model'],
  );
  readonly #stageSeconds = this.#counter(
    'potluck_stage_compute_seconds_total',
    'Time that stages computed, by device: prompts in chunks, answers token by token.',
    ['worker', 'phase'],
  );
  readonly #stageTokens = this.#counter('potluck_stage_tokens_total', 'Tokens that stages computed.', [
    'worker',
    'phase',
  ]);
  readonly #stageQueue = this.#counter(
    'potluck_stage_queue_seconds_total',
    "Time that steps waited for their stage's turn.",
    ['worker'],
  );
  readonly #stageBytes = this.#counter('potluck_stage_sent_bytes_total', 'Activations that stages sent.', [
    'worker',
  ]);

  /** @param read called at every scrape */
  constructor(read: () => ObservedHub) {
    this.#read = read;
    this.#hub = read();
    this.#gauge('potluck_hub_info', 'The hub: always 1.', ['version'], (gauge, { version }) =>
      gauge.set({ version }, 1),
    );
    this.#gauge('potluck_requests_running', 'Answers under way.', ['model'], (gauge, { models }) => {
      for (const { model, running } of models) gauge.set({ model }, running);
    });
    this.#gauge(
      'potluck_requests_waiting',
      'Requests that wait for room in the caches.',
      ['model'],
      (gauge, { models }) => {
        for (const { model, waiting } of models) gauge.set({ model }, waiting);
      },
    );
    this.#gauge(
      'potluck_pipelines',
      'Pipelines of each model, by state: ready, or missing while they are being made or can not be.',
      ['model', 'state'],
      (gauge, { models }) => {
        for (const { model, ready, missing } of models) {
          gauge.set({ model, state: 'ready' }, ready);
          gauge.set({ model, state: 'missing' }, missing);
        }
      },
    );
    this.#gauge(
      'potluck_workers',
      'Devices that are here, by state; waiting: the operator has not approved it yet.',
      ['kind', 'state'],
      (gauge, { workers }) => {
        for (const kind of ['node', 'browser'])
          for (const state of ['serving', 'preparing', 'standby', 'leaving', 'waiting'])
            gauge.set({ kind, state }, 0);
        for (const { kind, state } of workers) gauge.inc({ kind, state });
      },
    );
    this.#gauge(
      'potluck_worker_memory_bytes',
      'Memory of each device: offered to the hub, and used by its stages.',
      ['worker', 'what'],
      (gauge, { workers }) => {
        for (const { name, offeredBytes, usedBytes } of workers) {
          gauge.set({ worker: name, what: 'offered' }, offeredBytes);
          gauge.set({ worker: name, what: 'used' }, usedBytes);
        }
      },
    );
    this.#gauge(
      'potluck_worker_busy_ratio',
      'Part of the last seconds in which a device computed.',
      ['worker'],
      (gauge, { workers }) => {
        for (const { name, busy } of workers) gauge.set({ worker: name }, busy);
      },
    );
    this.#counterRead('potluck_relayed_bytes_total', 'Activations that went through the hub.', (hub) => {
      return hub.relayedBytes;
    });
    this.#counterRead(
      'potluck_relay_dropped_slices_total',
      'Relayed slices whose receiver was gone.',
      (hub) => {
        return hub.droppedSlices;
      },
    );
    this.#gauge(
      'potluck_event_loop_delay_seconds',
      "How late the hub's event loop was in the last one to two minutes.",
      ['quantile'],
      (gauge, { loopDelay }) => {
        gauge.set({ quantile: '0.99' }, loopDelay.p99 / 1000);
        gauge.set({ quantile: '1' }, loopDelay.max / 1000);
      },
    );
    this.#processGauges();
  }

  /** What a scrape gets as `Content-Type`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics, as text in Prometheus' format. */
  text(): Promise<string> {
    this.#hub = this.#read();
    return this.#registry.metrics();
  }

  /** An answer ended, in whatever way. */
  requestEnded(record: RequestRecord): void {
    const model = this.#modelName(record.model);
    this.#requests.inc({ model, status: record.status });
    if (record.errorCode !== null) this.#failures.inc({ model, code: record.errorCode });
    this.#tokens.inc({ model, type: 'input' }, record.promptTokens);
    this.#tokens.inc({ model, type: 'output' }, record.completionTokens);
    // Null where the answer never began.
    if (record.cachedTokens !== null) {
      this.#cachedTokens.inc({ model }, record.cachedTokens);
      this.#cacheLookups.inc({ model, result: record.cachedTokens > 0 ? 'hit' : 'miss' });
    }
    if (record.replays > 0) this.#replays.inc({ model }, record.replays);
    if (record.recovery) {
      this.#recomputed.inc({ model }, record.recovery.recomputedTokens);
      this.#pauses.inc({ model }, record.recovery.pauseMs / 1000);
    }
    const labels = { gen_ai_request_model: model };
    if (record.firstTokenMs !== null) this.#firstToken.observe(labels, record.firstTokenMs / 1000);
    if (record.decodeTokensPerSecond !== null)
      this.#perToken.observe(labels, 1 / record.decodeTokensPerSecond);
    if (record.totalMs !== null) this.#duration.observe(labels, record.totalMs / 1000);
    if (record.queueMs !== null) this.#queue.observe(labels, record.queueMs / 1000);
    for (const { worker, timings } of record.stages) {
      if (!timings) continue;
      const promptTokens = timings.tokens - timings.tokenSteps;
      this.#stageSeconds.inc({ worker, phase: 'prompt' }, timings.promptStepsMs / 1000);
      this.#stageSeconds.inc({ worker, phase: 'answer' }, timings.tokenStepsMs / 1000);
      this.#stageTokens.inc({ worker, phase: 'prompt' }, Math.max(0, promptTokens));
      this.#stageTokens.inc({ worker, phase: 'answer' }, timings.tokenSteps);
      this.#stageQueue.inc({ worker }, timings.queueMs / 1000);
      this.#stageBytes.inc({ worker }, timings.bytesOut);
    }
  }

  /** An HTTP request was answered. @param surface first part of its path, of those that `surfaceOf` knows */
  httpAnswered(surface: string, status: number): void {
    this.#httpRequests.inc({ surface, status: String(status) });
  }

  pipelineReady(replica: Replica): void {
    const since = this.#outSince.get(replica.id);
    if (since === undefined) return;
    this.#outSince.delete(replica.id);
    const model = this.#modelName(replica.model.package.id);
    this.#outages.observe({ gen_ai_request_model: model }, (performance.now() - since) / 1000);
  }

  /** A pipeline is over. One whose replica has its next pipeline at once has moved. */
  pipelineLost({ id, model, pipeline }: Replica): void {
    this.#outSince.set(id, performance.now());
    const [oldest = ''] = this.#outSince.keys();
    if (this.#outSince.size > mostModels) this.#outSince.delete(oldest);
    (pipeline ? this.#moves : this.#lost).inc({ model: this.#modelName(model.package.id) });
  }

  /** Its series end, so that those who come and go do not add up. */
  workerLeft({ name: worker }: { name: string }): void {
    for (const phase of ['prompt', 'answer']) {
      this.#stageSeconds.remove({ worker, phase });
      this.#stageTokens.remove({ worker, phase });
    }
    this.#stageQueue.remove({ worker });
    this.#stageBytes.remove({ worker });
  }

  #modelName(id: string): string {
    if (this.#models.has(id)) return id;
    if (this.#models.size >= mostModels) return otherModels;
    this.#models.add(id);
    return id;
  }

  /** The usual names of what every process has. */
  #processGauges(): void {
    this.#counterRead('process_cpu_seconds_total', 'Processor time of the hub.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    this.#gauge('process_resident_memory_bytes', 'Memory of the hub.', [], (gauge) => {
      gauge.set(process.memoryUsage.rss());
    });
    this.#gauge('nodejs_heap_size_used_bytes', "Memory of the hub's JavaScript.", [], (gauge) => {
      gauge.set(process.memoryUsage().heapUsed);
    });
    this.#gauge('process_start_time_seconds', 'When the hub started, in Unix time.', [], (gauge) => {
      gauge.set(Date.now() / 1000 - process.uptime());
    });
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram<'gen_ai_request_model'> {
    const labelNames = ['gen_ai_request_model'] as const;
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
  }

  /** A gauge of what is so now. */
  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    set: (gauge: Gauge<L>, hub: ObservedHub) => void,
  ): void {
    const hub = (): ObservedHub => this.#hub;
    const collect = function (this: Gauge<L>): void {
      this.reset();
      set(this, hub());
    };
    new Gauge({ name, help, labelNames, registers: [this.#registry], collect });
  }

  /** A counter that is kept elsewhere. */
  #counterRead(name: string, help: string, value: (hub: ObservedHub) => number): void {
    const hub = (): ObservedHub => this.#hub;
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(value(hub()));
    };
    new Counter({ name, help, registers: [this.#registry], collect });
  }
}
