/** A program that writes request rows until it is killed, and prints each id once its row is acknowledged. */
import { openDatabase } from '../database/database.ts';
import { requestRecord } from './requestRecord.ts';

const database = await openDatabase(process.argv[2] ?? '');
for (;;) {
  const record = requestRecord();
  await database.requests.put(record);
  process.stdout.write(`${record.id}\n`);
}
