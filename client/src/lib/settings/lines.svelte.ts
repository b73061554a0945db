/** A list among the hub's settings, as its lines stand in a form beside a SettingsForm. */
export class Lines {
  /** What the form shows. */
  text = $state('');
  readonly #read: () => readonly string[];
  /** As the hub had them when they were last put into the form. */
  #seen: string;

  /** @param read the hub's setting as it was read last */
  constructor(read: () => readonly string[]) {
    this.#read = read;
    this.text = this.#seen = this.#kept();
  }

  get isChanged(): boolean {
    return this.text !== this.#seen;
  }

  /** After the form was saved, or was not: what was typed stays where it was not saved. */
  settle(isSaved: boolean): void {
    const isTyped = this.isChanged && !isSaved;
    this.#seen = this.#kept();
    if (!isTyped) this.text = this.#seen;
  }

  #kept(): string {
    return this.#read().join('\n');
  }
}
