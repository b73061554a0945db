/** The models that can be asked: `GET /v1/models`. */
import { hubJson } from '#lib/hub/hubFetch.ts';

class ServedModels {
  ids = $state.raw<string[]>([]);

  /** Asks again; what is known stays where the hub does not answer. */
  async refresh(): Promise<void> {
    const answer = await hubJson<{ data: { id: string }[] }>('/v1/models').catch(() => undefined);
    if (answer) this.ids = answer.data.map(({ id }) => id);
  }
}

export const servedModels = new ServedModels();
