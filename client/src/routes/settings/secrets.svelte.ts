/** A list of secrets at the hub (API keys, join tokens): read, made, revoked, forgotten. */
import { load, perform } from '#lib/hub/actions.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';
import type { Secret } from './secret.ts';

/** What the hub answers, this once, with the secret itself. */
interface MadeSecret {
  id: string;
  secret: string;
}

/** `Created` is what the hub answers when one is made. */
export class Secrets<Kind extends Secret, Created extends MadeSecret = MadeSecret> {
  list = $state.raw<Kind[]>([]);
  known = $state(false);
  /** What was just made; its secret is shown this once. */
  made = $state.raw<Created>();
  readonly #path: string;
  readonly #field: string;

  /** @param field of the answer that has the list */
  constructor(path: string, field: string) {
    this.#path = path;
    this.#field = field;
  }

  async refresh(): Promise<void> {
    await load(async () => {
      this.list = (await hubJson<Record<string, Kind[]>>(this.#path))[this.#field] ?? [];
      this.known = true;
    });
  }

  /** @returns true where it was made; `made` then has it */
  async make(body: object): Promise<boolean> {
    const done = await perform(async () => {
      this.made = await hubSend<Created>('POST', this.#path, body);
    });
    if (done) await this.refresh();
    return done;
  }

  async revoke({ id, name }: Kind): Promise<void> {
    await perform(() => hubSend('POST', `${this.#path}/${id}/revoke`), `${name} no longer works.`);
    this.#hide(id);
    await this.refresh();
  }

  async forget({ id }: Kind): Promise<void> {
    await perform(() => hubSend('DELETE', `${this.#path}/${id}`));
    this.#hide(id);
    await this.refresh();
  }

  #hide(id: string): void {
    if (this.made?.id === id) this.made = undefined;
  }
}
