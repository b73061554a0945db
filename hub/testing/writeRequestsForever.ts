/** A program that writes request rows until it is killed, and prints each id once its row is acknowledged. */
import { pino } from 'pino';
import { openDatabase } from '../database/database.ts';
import { openDatabaseServer } from '../database/databaseServer.ts';
import { requestRecord } from './requestRecord.ts';

/** A data directory, or the URL of a server. */
const place = process.argv[2] ?? '';
const database = place.startsWith('ws:')
  ? await openDatabaseServer({ server: { url: place }, logger: pino({ level: 'silent' }) })
  : await openDatabase(place);
for (;;) {
  const record = requestRecord();
  await database.requests.put(record);
  process.stdout.write(`${record.id}\n`);
}
