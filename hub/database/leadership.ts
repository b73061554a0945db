/**
 * Of several hubs, one leads; the database knows the epoch of the last one. What a hub of a former epoch still writes fails,
 * whatever that hub believes: the check is in the same transaction as the write. Writes have numbers, too: a server that
 * stood still may do a write that was given up after writes that came later, and then does not do it any more.
 */
import type { Client, InStatement, ResultSet, TransactionMode } from '@libsql/client';
import { DomainError } from '../errors/domainError.ts';
import { messageOf } from '../errors/messageOf.ts';
import { rootOf } from '../errors/rootOf.ts';

/** Thrown where another hub has led since. */
export class LeadershipLostError extends DomainError {
  override readonly name = 'LeadershipLostError';
  readonly kind = 'unavailable';
  readonly code = 'another_hub_leads';

  constructor(cause?: unknown) {
    super(
      'Another hub has taken over, so this one keeps nothing any more. Ask again: the hub that leads now answers.',
      {
        cause,
      },
    );
  }
}

export interface Leadership {
  /**
   * Makes this connection's epoch the one that leads; from now on, whatever it writes fails once a later epoch leads.
   * @param epoch a whole number from 1 on, higher than those of hubs that led before
   * @throws LeadershipLostError where a later epoch leads, or this one is another's
   */
  lead(epoch: number): Promise<void>;
  /** The last epoch that led; 0 where none did. */
  epoch(): Promise<number>;
}

/** The same client; what it writes is held to the epoch that it leads in. It writes freely until it leads. */
export function leadingClient(client: Client): { client: Client } & Leadership {
  let own: { epoch: number; writes: number } | undefined;
  const checked = async (
    leading: { epoch: number; writes: number },
    statements: InStatement[],
  ): Promise<ResultSet[]> => {
    leading.writes += 1;
    const check = {
      sql: 'INSERT INTO leading_writes (epoch, number) VALUES (?, ?)',
      args: [leading.epoch, leading.writes],
    };
    return (await client.batch([check, ...statements], 'write')).slice(1);
  };
  const batch = (statements: InStatement[], mode: TransactionMode = 'deferred'): Promise<ResultSet[]> =>
    own === undefined || mode === 'read' ? client.batch(statements, mode) : checked(own, statements);
  const execute = async (statement: InStatement): Promise<ResultSet> =>
    own === undefined || isRead(statement)
      ? client.execute(statement)
      : ((await checked(own, [statement]))[0] as ResultSet);
  return {
    client: { execute, batch } as unknown as Client,
    lead: async (epoch) => {
      const leading = { epoch, writes: 0 };
      await checked(leading, []);
      own = leading;
    },
    epoch: async () => {
      const { rows } = await client.execute('SELECT epoch FROM leadership');
      return Number(rows[0]?.[0] ?? 0);
    },
  };
}

/** True for what the check of `leadingClient` throws. */
export function isLeadershipLost(error: unknown): boolean {
  return /a later (epoch leads|write was done)/.test(messageOf(rootOf(error)));
}

function isRead(statement: InStatement): boolean {
  return /^\s*select\b/i.test(typeof statement === 'string' ? statement : statement.sql);
}
