/** What SQLite's driver can't give back: text with a NUL in it ends there when it is read (libsql 0.18). */
import type { Client, InArgs, InStatement, InValue } from '@libsql/client';

/** Shown in place of a NUL: U+2400, SYMBOL FOR NULL. */
const symbolForNull = '\u2400';

/** @returns the text as the database keeps it whole: NUL as a visible sign, lone surrogates as U+FFFD */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', symbolForNull);
}

/** The same client; every text that it is given, also one to search for, is made storable first. */
export function storableClient(client: Client): Client {
  return new Proxy(client, {
    get: (target, name) => {
      if (name === 'execute') {
        return (statement: InStatement, args?: InArgs) =>
          typeof statement === 'string' && args !== undefined
            ? target.execute(statement, storableArguments(args))
            : target.execute(storableStatement(statement));
      }
      if (name === 'batch') {
        return (statements: InStatement[], ...rest: [mode?: 'write' | 'read' | 'deferred']) =>
          target.batch(statements.map(storableStatement), ...rest);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The same statement with storable arguments. */
export function storableStatement(statement: InStatement): InStatement {
  if (typeof statement === 'string' || statement.args === undefined) return statement;
  return { ...statement, args: storableArguments(statement.args) };
}

function storableArguments(args: InArgs): InArgs {
  const storable = (value: InValue): InValue => (typeof value === 'string' ? storableText(value) : value);
  return Array.isArray(args)
    ? args.map(storable)
    : Object.fromEntries(Object.entries(args).map(([name, value]) => [name, storable(value)]));
}
