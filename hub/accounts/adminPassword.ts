/** The administrator's password: scrypt at rest; given at the first start, or by the environment. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { ValueStore } from '../settings/valueStore.ts';
import { sameSecret } from './secrets.ts';
import { HashQueue } from './hashQueue.ts';

const valueName = 'admin-password';
const keyBytes = 32;
/** 16 MiB and some 50 ms for each try: OWASP's advice for scrypt where memory is shared with other work. */
const cost = { N: 2 ** 14, r: 8, p: 5, maxmem: 64 * 1024 * 1024 };

const Stored = z.object({ salt: z.string(), hash: z.string() });

export class AdminPassword {
  readonly #values: ValueStore;
  readonly #given: string | undefined;
  readonly #queue = new HashQueue();
  #stored: z.infer<typeof Stored> | undefined;

  private constructor(values: ValueStore, given: string | undefined) {
    this.#values = values;
    this.#given = given;
  }

  /** @param given by the environment; wins over the one that was kept and is not kept itself */
  static async load(values: ValueStore, given?: string): Promise<AdminPassword> {
    const password = new AdminPassword(values, given);
    password.#stored = Stored.safeParse(await values.get(valueName)).data;
    return password;
  }

  get isSet(): boolean {
    return this.#given !== undefined || this.#stored !== undefined;
  }

  /** True where the environment rules, so that it can't be changed here. */
  get isGiven(): boolean {
    return this.#given !== undefined;
  }

  /** @throws TooManyPasswords where many are being checked */
  async verify(password: string): Promise<boolean> {
    if (this.#given !== undefined) return sameSecret(password, this.#given);
    if (!this.#stored) return false;
    const { salt, hash: expected } = this.#stored;
    const hash = await this.#queue.run(() => derive(password, Buffer.from(salt, 'base64')));
    return timingSafeEqual(hash, Buffer.from(expected, 'base64'));
  }

  /** @throws TooManyPasswords where many are being checked */
  async set(password: string): Promise<void> {
    const salt = randomBytes(16);
    const hash = await this.#queue.run(() => derive(password, salt));
    const stored = { salt: salt.toString('base64'), hash: hash.toString('base64') };
    await this.#values.put(valueName, stored);
    this.#stored = stored;
  }
}

function derive(password: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyBytes, cost, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
